"""Real requests to a served model, a module a task; its `failed_checks` says what is wrong with the answers."""
