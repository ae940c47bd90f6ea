"""How a segmentation is judged, beside its baselines."""
