"""Classifiers that serve groups of different sizes alike."""
