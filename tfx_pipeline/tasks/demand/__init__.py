"""The task demand."""
