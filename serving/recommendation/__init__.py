"""The served recommender."""
