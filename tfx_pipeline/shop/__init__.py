"""What tasks share of a shop: its options, its tables and products in the pipeline, and what is looked up."""
