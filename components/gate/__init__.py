"""The gate of every task: its rules, its decision, and the blessing that it gives."""
