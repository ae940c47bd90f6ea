"""Training that says little of any one text: DP-SGD, and what it costs in privacy."""
