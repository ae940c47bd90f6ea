"""Requests of many clients computed together, as TF Serving batches them."""
