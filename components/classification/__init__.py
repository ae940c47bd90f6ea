"""Nodes of the task classification."""
