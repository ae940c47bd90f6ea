"""What values look like: numbers, times, and how sure that is."""
