"""How many products a request may ask for, unless a model says another number."""

# The served graph cuts a larger `k` to it; the embedded server and the client refuse one.
DEFAULT_MAX_K = 1000
