"""Training and export of the model that says who responds to what is shown."""
