"""What the served search finds products with: words, vectors, and cells of vectors."""
