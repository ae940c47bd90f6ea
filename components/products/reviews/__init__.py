"""What reviews say of products."""
