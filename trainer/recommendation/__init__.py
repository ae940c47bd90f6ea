"""What the task recommendation learns: the towers, and the ranker behind them."""
