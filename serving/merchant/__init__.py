"""What a merchant says of the shop beside its tables of products and events."""
