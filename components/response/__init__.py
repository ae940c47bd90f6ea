"""The components of the task response: examples of impressions, and how its model is judged."""
