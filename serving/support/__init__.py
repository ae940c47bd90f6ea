"""The graph of the served model support: a question in, the shop's answers out."""
