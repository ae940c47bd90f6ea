"""What a task is, which tasks there are, and a folder for each."""
