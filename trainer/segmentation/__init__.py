"""Training and export of the model that gives users segments."""
