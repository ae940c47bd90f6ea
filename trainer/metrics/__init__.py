"""Measures of rankings and lists, and their bootstrap intervals."""
