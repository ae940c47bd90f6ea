"""The task response."""
