"""Which products are bought together: frequent itemsets and association rules, mined by Beam."""
