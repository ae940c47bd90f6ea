"""What each task adds to the pipeline, one file a task."""
