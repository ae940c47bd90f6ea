"""Clusters of products, their labels, and how good they are."""
