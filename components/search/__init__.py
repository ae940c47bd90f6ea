"""The components of the task search."""
