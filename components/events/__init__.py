"""Steps over events that tasks share: buckets of users, histories, windows and counts."""
