"""Answers that list each thing once, against loops in Python."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.one_of_each import OneOfEach, first_of_each
from serving.graph.top_k import top_allowed


def best_by_hand(scores: np.ndarray, allowed: np.ndarray, things: list[int], k: int) -> list[int]:
    kept: dict[int, int] = {}
    for product in np.argsort(-scores, kind="stable"):
        if allowed[product]:
            kept.setdefault(things[product], int(product))
    return list(kept.values())[: max(k, 0)]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_best_of_each_thing_comes_however_many_are_one_thing(data: st.DataObject) -> None:
    products = data.draw(st.integers(1, 60))
    numbers = data.draw(st.lists(st.integers(0, 6), min_size=products, max_size=products))
    places: dict[int, int] = {}
    things = [places.setdefault(number, len(places)) for number in numbers]
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    scores = generator.normal(size=(3, products)).astype(np.float32)
    allowed = generator.random((3, products)) < data.draw(st.sampled_from([0.05, 0.5, 1.0]))
    k = data.draw(st.integers(-1, 9))
    one = OneOfEach(things)
    found, indices = one.best(
        lambda width: top_allowed(tf.constant(scores), width, tf.constant(allowed)), tf.constant(k)
    )
    assert indices.shape == (3, max(0, min(k, one.size)))
    for row in range(3):
        expected = best_by_hand(scores[row], allowed[row], things, k)
        assert [product for product in indices.numpy()[row] if product >= 0] == expected
        np.testing.assert_array_equal(found.numpy()[row][: len(expected)], scores[row][expected])
        assert np.isneginf(found.numpy()[row][len(expected) :]).all()


def test_what_is_one_thing_with_a_product_is_left_out() -> None:
    allowed = OneOfEach([0, 1, 0, 2]).without(tf.constant([[2, -1], [-1, -1], [3, 1]]))
    np.testing.assert_array_equal(allowed, [[False, True, False, True], [True] * 4, [True, False, True, False]])


@pytest.mark.parametrize(
    ("values", "expected"), [([3, 3, 1, 3, 2], [0, 2, 4]), ([-1, 5, -1, 5, 0], [1, 4, -1]), ([-1] * 5, [-1] * 3)]
)
def test_the_first_columns_of_each_value(values: list[int], expected: list[int]) -> None:
    np.testing.assert_array_equal(first_of_each(tf.constant([values]), tf.constant(3)), [expected])


def test_a_request_looks_at_no_more_than_some_thousand_products() -> None:
    """Of 6,000 products the best 5,000 are one thing."""
    asked: list[int] = []

    def find(width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        asked.append(int(width))
        return -tf.cast(tf.range(width), tf.float32)[tf.newaxis], tf.range(width)[tf.newaxis]

    _, products = OneOfEach([0] * 5_000 + list(range(1, 1_001))).best(find, tf.constant(2))
    np.testing.assert_array_equal(products, [[0, -1]])
    assert asked == [8, 64, 512, 4_096]
