"""`shelfwise forget`: what a run has left of a user goes, and later runs leave the user out."""
