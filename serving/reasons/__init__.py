"""Why a model answers as it does: what tokens add, and how people read it."""
