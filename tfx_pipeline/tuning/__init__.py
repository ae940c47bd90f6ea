"""Searches a task's options: trials of its training, judged on the validation split."""
