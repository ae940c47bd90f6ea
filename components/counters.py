"""Counters that Beam adds up."""

from collections import Counter
from collections.abc import Iterable


def sum_counters(counters: Iterable[Counter[str]]) -> Counter[str]:
    """Adds up counters; for `beam.CombineGlobally`."""
    return sum(counters, Counter())
