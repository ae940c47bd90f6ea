"""A task from outside: it tells whether a text shouts."""
