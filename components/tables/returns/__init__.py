"""Rows of events that give back what earlier ones bought: how they are told apart, and what they cancel."""
