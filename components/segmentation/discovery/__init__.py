"""Segments that are found in what users do, not told by a table or by what they spend."""
