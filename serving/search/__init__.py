"""The served search."""
