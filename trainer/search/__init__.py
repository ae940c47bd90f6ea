"""Training and export of the task search."""
