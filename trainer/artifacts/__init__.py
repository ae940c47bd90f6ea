"""Reads and writes what is kept between steps."""
