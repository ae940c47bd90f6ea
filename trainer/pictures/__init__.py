"""Pictures to vectors: where an image backbone comes from, how it is read, and what it says of a picture."""
