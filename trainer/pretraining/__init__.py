"""Learning a BERT, or more of one, from a shop's own texts."""
