"""What the model support learns, and how it is exported."""
