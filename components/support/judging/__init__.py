"""How a model that answers questions is judged."""
