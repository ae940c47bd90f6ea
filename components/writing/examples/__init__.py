"""From the tables of products and answers to texts with what they are made of."""
