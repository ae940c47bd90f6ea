"""A run on this machine, its summary, and what it leaves below its root."""
