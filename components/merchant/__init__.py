"""The tables in which a merchant has a word."""
