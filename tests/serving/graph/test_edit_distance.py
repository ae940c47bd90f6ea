"""Distances between words against a whole table filled in plain Python."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.edit_distance import MOST_EDITS, edit_distances
from tests.serving.search.plain_distance import plain_distance

WORD = st.text(alphabet="abc", min_size=1, max_size=9)


def distances(pairs: list[tuple[str, str]]) -> np.ndarray:
    width = max((len(word) for pair in pairs for word in pair), default=1)
    tables = [np.zeros((len(pairs), width), np.int32) for _ in range(2)]
    for row, pair in enumerate(pairs):
        for table, word in zip(tables, pair, strict=True):
            table[row, : len(word)] = [ord(letter) for letter in word]
    lengths = [np.array([len(pair[side]) for pair in pairs], np.int32) for side in range(2)]
    found: np.ndarray = edit_distances(
        tf.constant(tables[0]), tf.constant(lengths[0]), tf.constant(tables[1]), tf.constant(lengths[1])
    ).numpy()
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORD, WORD), min_size=1, max_size=40))
def test_small_distances_are_exact_and_others_are_larger(pairs: list[tuple[str, str]]) -> None:
    for found, (first, second) in zip(distances(pairs), pairs, strict=True):
        expected = plain_distance(first, second)
        assert found == expected if expected <= MOST_EDITS else found > MOST_EDITS, (first, second)


def test_by_hand() -> None:
    near = [("chese", "cheese"), ("tolet", "toilet"), ("tiolet", "toilet"), ("tea", "tea"), ("abcd", "badc")]
    np.testing.assert_array_equal(distances(near), [1, 1, 1, 0, 2])
    # An exchange is not changed again: ca to abc takes three changes, not two.
    assert (distances([("ca", "abc"), ("a", "abcd")]) > MOST_EDITS).all()


def test_no_pairs() -> None:
    none, lengths = tf.zeros([0, 4], tf.int32), tf.zeros([0], tf.int32)
    assert edit_distances(none, lengths, none, lengths).shape == (0,)
