"""The tables: what their contract is, how they are read, checked and kept, and the gate behind them."""
