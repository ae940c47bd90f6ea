"""Texts to vectors: the BERT, where it comes from, its faster forms, and the text of a product."""
