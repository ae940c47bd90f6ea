"""A shop's files as they are given: which belong together, how they are written, and their first rows."""
