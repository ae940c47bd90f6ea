"""Which versions of which models are loaded, and how one is run."""
