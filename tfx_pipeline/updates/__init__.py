"""What keeps the models of a shop up to date: updates, and who decides about them."""
