"""Whether a table has changed since the last run."""
