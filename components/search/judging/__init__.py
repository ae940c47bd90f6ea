"""How a search is judged on the queries of its test split."""
