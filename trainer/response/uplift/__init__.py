"""What an offer adds: heads by treatment on the body of the response network."""
