"""Filters against what they mean, product by product."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.filters import CategoryFilter, PriceFilter, StockFilter, not_listed

LEVELS = st.sampled_from(["A", "B", "A B", "Ä", ">", "A>B"])
CATEGORY = st.lists(LEVELS, max_size=3).map(" > ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(CATEGORY, min_size=1, max_size=12), st.lists(CATEGORY, min_size=1, max_size=5))
def test_category_filter_allows_what_begins_with_the_levels(categories: list[str], asked: list[str]) -> None:
    allowed = CategoryFilter([category.encode() for category in categories]).allowed(tf.constant(asked))
    expected = [
        [not want or have.split(" > ")[: len(want.split(" > "))] == want.split(" > ") for have in categories]
        for want in asked
    ]
    np.testing.assert_array_equal(allowed, expected)


def test_category_filter_without_any_category() -> None:
    allowed = CategoryFilter([b"", b""]).allowed(tf.constant(["", " ", "A"]))
    np.testing.assert_array_equal(allowed, [[True, True], [True, True], [False, False]])


def test_price_filter_never_passes_an_unknown_price() -> None:
    allowed = PriceFilter([1.0, 2.0, np.nan, 0.0]).allowed(tf.constant([0.0, -1.0, np.nan, 1.0, np.inf]))
    everything = [True] * 4
    np.testing.assert_array_equal(
        allowed, [everything, everything, everything, [True, False, False, True], [True, True, False, True]]
    )


def test_stock_filter() -> None:
    allowed = StockFilter([True, False]).allowed(tf.constant([True, False]))
    np.testing.assert_array_equal(allowed, [[True, False], [True, True]])


def test_not_listed_takes_repeats_and_nothing() -> None:
    allowed = not_listed(tf.constant([[1, 1, -1], [-1, -1, -1], [0, 2, 3]]), 4)
    np.testing.assert_array_equal(allowed, [[True, False, True, True], [True] * 4, [False, True, False, False]])
