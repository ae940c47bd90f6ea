"""Runs of members under filters, against lists in plain Python."""

import numpy as np
import pytest
import tensorflow as tf

from serving.search.runs import Runs


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [3], [2, 1, 4, 1], [1, 70, 2]])
def test_sizes_and_members_under_filters(sizes: list[int]) -> None:
    starts, size = np.cumsum([0, *sizes[:-1]]), sum(sizes)
    runs = Runs(starts, size)
    members = np.split(np.arange(size), starts[1:])
    random = np.random.default_rng(size)
    masks = random.uniform(size=(6, size)) < np.array([[0.0], [1.0], [0.2], [0.5], [0.8], [0.5]])
    for passing, allowed in ((runs.passing(tf.constant(masks)), masks), (runs.passing(), np.ones((1, size), bool))):
        every = tf.tile(tf.range(len(sizes))[tf.newaxis], [len(allowed), 1])
        left = [[[member for member in run if row[member]] for run in members] for row in allowed]
        expected = [[len(run) for run in row] for row in left]
        assert passing.sizes(every).numpy().tolist() == expected
        rows, columns = (tf.constant(each.ravel(), tf.int32) for each in np.indices(every.shape))
        assert passing.sizes_at(rows, columns).numpy().tolist() == np.ravel(expected).tolist()
        if passing.mask is not None:
            assert passing.mask.numpy().tolist() == [[bool(run) for run in row] for row in left]
        numbers = passing.numbers(every)
        for nth in range(max(sizes)):
            found = passing.members(numbers + nth).numpy()
            for row, lists in enumerate(left):
                for run, chosen in enumerate(lists):
                    if nth < len(chosen):
                        assert found[row, run] == chosen[nth]


def test_no_filters_at_all() -> None:
    passing = Runs(np.array([0, 2]), 5).passing(tf.zeros([0, 5], tf.bool))
    assert passing.sizes(tf.zeros([0, 2], tf.int32)).shape == (0, 2)
    assert passing.members(tf.zeros([0, 2], tf.int32)).shape == (0, 2)
