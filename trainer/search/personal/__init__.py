"""Learns to reorder what a search finds for who asks."""
