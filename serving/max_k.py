"""How many products a request may ask for, unless a model says another number; the client knows it too."""

from shelfwise_client.max_k import DEFAULT_MAX_K

__all__ = ["DEFAULT_MAX_K"]
