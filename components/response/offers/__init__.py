"""What a model expects of every known user and current offer."""
