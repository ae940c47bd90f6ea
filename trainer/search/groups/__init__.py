"""What the served search groups its results by: a shop's categories, or phrases of its titles."""
