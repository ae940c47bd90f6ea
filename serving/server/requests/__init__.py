"""One request of either protocol: its limits, its tensors, its answer."""
