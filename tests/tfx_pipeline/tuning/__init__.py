"""Tests of the search for options."""
