"""The gate of every task: how test examples are judged, the rules, the decision, and what is written of it."""
