"""What a classifier learns by logistic regression: the wide part, and a head above a BERT that stays as it is."""
