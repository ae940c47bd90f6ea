"""Training and export of the model that says how much will sell."""
