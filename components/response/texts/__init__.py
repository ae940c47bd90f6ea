"""The vectors of what offers say."""
