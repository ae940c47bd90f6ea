"""Users who act as programs do, and the events that are left out for it."""
