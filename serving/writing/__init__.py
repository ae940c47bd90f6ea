"""The graph that writes texts about products and replies to questions."""
