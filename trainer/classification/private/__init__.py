"""Classifiers that say little of any one text that they learned from."""
