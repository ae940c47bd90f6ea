"""An assistant that is made of the served models: one turn of a dialogue in, an answer, products and sources out."""
