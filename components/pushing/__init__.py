"""A model is served on trial, and pushed if nothing speaks against it."""
