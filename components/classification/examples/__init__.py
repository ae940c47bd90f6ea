"""From a table of labelled texts to the examples of a classifier."""
