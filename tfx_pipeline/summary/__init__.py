"""summary.json, read and written in one place."""
