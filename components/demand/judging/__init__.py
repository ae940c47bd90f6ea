"""How a model of demand is judged: baselines, measures, reconciliation over categories, the gate."""
