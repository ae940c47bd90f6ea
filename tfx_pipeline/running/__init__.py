"""A run on this machine, and what it leaves below its root."""
