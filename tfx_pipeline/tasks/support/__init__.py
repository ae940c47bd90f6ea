"""The task support: questions to the shop, answered by its own answers."""
