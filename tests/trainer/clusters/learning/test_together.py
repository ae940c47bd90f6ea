"""Texts that are bought together, in a shop whose answer is known."""

import numpy as np
import pytest

from trainer.clusters.learning.together import Occurrences, pairs_together, together_vectors

EACH = 20


def _baskets(seed=0, kinds=4, baskets=400):
    """Baskets of four texts of one kind each, and now and then one of any kind."""
    random = np.random.default_rng(seed)
    rows = []
    for basket in range(baskets):
        kind = basket % kinds
        rows += [(basket, kind * EACH + text) for text in random.choice(EACH, 4, replace=False)]
        rows.append((basket, random.integers(kinds * EACH)))
    numbers = np.array(rows, np.int64)
    return Occurrences(numbers[:, 0], numbers[:, 1])


def test_texts_of_one_kind_of_basket_are_near_each_other():
    vectors = together_vectors(_baskets(), 4 * EACH + 1, seed=0)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:-1], axis=1), 1, rtol=1e-5)
    # Nobody bought the last one.
    assert not vectors[-1].any()
    cosines, kinds = vectors[:-1] @ vectors[:-1].T, np.arange(4 * EACH) // EACH
    same = kinds[:, np.newaxis] == kinds
    assert cosines[same].mean() > cosines[~same].mean() + 0.15
    left, right = pairs_together(vectors, np.arange(4 * EACH + 1), np.random.default_rng(0))
    assert (kinds[left] == kinds[right]).mean() > 0.95
    np.testing.assert_array_equal(vectors, together_vectors(_baskets(), 4 * EACH + 1, seed=0))


def test_pairs_are_those_of_a_full_sort():
    random = np.random.default_rng(1)
    vectors = random.normal(size=(40, 6)).astype(np.float32)
    vectors[[3, 17]] = 0.0
    allowed = np.arange(0, 40, 2)
    left, right = pairs_together(vectors, allowed, random)
    for text in allowed.tolist():
        others = [other for other in allowed.tolist() if other != text and vectors[other].any()]
        nearest = sorted(others, key=lambda other: -float(vectors[text] @ vectors[other]))[:4]
        assert set(right[left == text].tolist()) == (set(nearest) if vectors[text].any() else set())


@pytest.mark.parametrize("rows", [[], [(0, 0)], [(0, 0), (0, 1)] * 9, [(basket, 0) for basket in range(9)]])
def test_too_few_baskets_tell_nothing(rows):
    numbers = np.array(rows, np.int64).reshape(-1, 2)
    vectors = together_vectors(Occurrences(numbers[:, 0], numbers[:, 1]), 3, seed=0)
    assert vectors.shape[0] == 3
    assert not vectors.any()
    assert len(pairs_together(vectors, np.arange(3), np.random.default_rng(0))[0]) == 0
