"""Real requests to a served model, a module a task, and what must be true of the answers."""
