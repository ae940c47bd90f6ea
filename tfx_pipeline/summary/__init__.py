"""What a run has left below its root: summary.json, and its artifacts."""
