"""How a classifier is judged on the texts of its test split."""
