"""What the model writing learns from, how it is judged, and texts for a whole catalogue."""
