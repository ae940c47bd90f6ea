"""Training and export of classifiers of texts."""
