"""What a query says beside what it asks for: limits of price and size, what must not be in it, whom it is for."""
