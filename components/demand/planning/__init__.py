"""What follows from demand for stock and prices."""
