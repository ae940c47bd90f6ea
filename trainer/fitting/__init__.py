"""The training loop that tasks share: optimizer, schedule, strategy, logs, and what a training is asked and says."""
