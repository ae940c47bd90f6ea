"""From tables to examples of histories with segments."""
