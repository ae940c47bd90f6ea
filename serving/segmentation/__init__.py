"""The served segmentation: a user's history to a text and numbers, and those to segments."""
