"""`shelfwise campaign`: whom to address with an offer, and what it brought."""
