"""Nodes of the task segmentation."""
