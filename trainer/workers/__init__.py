"""Several replicas of a training: which they are, and what they tell each other."""
