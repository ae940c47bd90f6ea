"""Of rows that have one id, the one that counts."""
