"""The task demand: weekly series out of events, how a model of them is judged, and what follows for the stock."""
