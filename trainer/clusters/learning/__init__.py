"""Vectors of texts that are learned for clusters: what they learn from, how, and how it is seen whether they help."""
