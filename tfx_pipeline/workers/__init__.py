"""Nodes side by side on this machine: processes, and what decides which node may begin."""
