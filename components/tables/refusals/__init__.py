"""What is told of refused rows: what was seen, what was expected, and what to do."""
