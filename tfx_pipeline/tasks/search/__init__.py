"""The task search."""
