"""Impressions become examples with features that were known before each was shown."""
