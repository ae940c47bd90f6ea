"""The served model of the task demand."""
