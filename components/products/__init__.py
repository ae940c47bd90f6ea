"""What several tasks make of the products: the catalogue, and the vectors of texts."""
