"""What is served of the response model: its features, which training computes by the same code, and its signatures."""
