"""The task recommendation."""
