"""Which products are bought together with categories, counted for those that have no rules of their own."""
