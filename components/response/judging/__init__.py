"""How the task response is judged."""
