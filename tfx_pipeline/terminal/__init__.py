"""What commands print through, and what they read from the command line."""
