"""The set-up of `.venv`: standard library only, since it runs before anything is installed."""
