"""The components of the task support: answers and questions as examples, and how its model is judged."""
