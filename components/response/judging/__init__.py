"""How the response model is judged, beside its baselines."""
