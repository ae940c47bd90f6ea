"""What reviews say over time: shares of negative ones, when they change, what they are about, and which are copies."""
