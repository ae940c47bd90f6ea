"""The served classifier of texts."""
