"""A catalogue with its counts renewed, for a model that is not trained again."""
