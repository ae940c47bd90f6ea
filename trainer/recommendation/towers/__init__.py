"""The item tower, the user tower, and the linear model that stands beside them."""
