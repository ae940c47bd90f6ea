"""What the model writing learns, and how it is exported."""
