"""How a recommender is judged on the users of its test split, beside its baselines."""
