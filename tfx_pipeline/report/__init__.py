"""`report.html`: one page over all tasks of a run."""
