"""Nearest vectors and matching words in plain TensorFlow operations."""
