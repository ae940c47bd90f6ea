"""Ranking metrics against values by hand, brute force and scikit-learn."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from serving.graph.top_k import top_k
from trainer.metrics.ranking import (
    coverage,
    highest,
    hit_matrix,
    mrr_at_k,
    ndcg_at_k,
    recall_at_k,
)


def _flatten(targets):
    return np.cumsum([0, *map(len, targets)]), np.array([t for user in targets for t in user], dtype=np.int64)


def test_metrics_by_hand():
    lists = np.array([[7, 3, -1, 5], [1, 2, 4, 0], [2, -1, -1, -1]])
    targets = [[3, 5, 9], [8], []]
    offsets, index = _flatten(targets)
    hits = hit_matrix(lists, offsets, index)
    counts = np.diff(offsets)
    assert hits.tolist() == [[False, True, False, True], [False] * 4, [False] * 4]
    np.testing.assert_allclose(recall_at_k(hits, counts, 4), [2 / 3, 0, math.nan])
    np.testing.assert_allclose(recall_at_k(hits, counts, 2), [1 / 3, 0, math.nan])
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    np.testing.assert_allclose(ndcg_at_k(hits, counts, 4), [(1 / math.log2(3) + 1 / math.log2(5)) / ideal, 0, math.nan])
    np.testing.assert_allclose(ndcg_at_k(hits, counts, 2), [1 / math.log2(3) / (1 + 1 / math.log2(3)), 0, math.nan])
    np.testing.assert_allclose(mrr_at_k(hits, counts, 4), [1 / 2, 0, math.nan])
    assert coverage(lists[:, :2], 10) == 4 / 10
    assert coverage(lists, 10) == 7 / 10


@st.composite
def _rankings(draw):
    products = draw(st.integers(2, 12))
    width = draw(st.integers(1, products))
    users = draw(st.integers(1, 5))
    lists, targets = [], []
    for _ in range(users):
        row = draw(st.permutations(range(products)))[:width]
        empty = draw(st.sets(st.integers(0, width - 1)))
        lists.append([-1 if place in empty else product for place, product in enumerate(row)])
        targets.append(sorted(draw(st.sets(st.integers(0, products - 1)))))
    return products, np.array(lists), targets, draw(st.integers(1, 14))


@given(_rankings())
def test_metrics_equal_brute_force(case):
    products, lists, targets, k = case
    offsets, index = _flatten(targets)
    hits, counts = hit_matrix(lists, offsets, index), np.diff(offsets)
    recall, ndcg, mrr = recall_at_k(hits, counts, k), ndcg_at_k(hits, counts, k), mrr_at_k(hits, counts, k)
    for row, (listed, wanted) in enumerate(zip(lists.tolist(), targets, strict=True)):
        if not wanted:
            assert np.isnan([recall[row], ndcg[row], mrr[row]]).all()
            continue
        places = [place for place, product in enumerate(listed[:k], start=1) if product in wanted]
        assert recall[row] == pytest.approx(len(places) / len(wanted))
        ideal = sum(1 / math.log2(i + 1) for i in range(1, min(k, len(wanted)) + 1))
        assert ndcg[row] == pytest.approx(sum(1 / math.log2(i + 1) for i in places) / ideal)
        assert mrr[row] == pytest.approx(1 / places[0] if places else 0)
    shown = {product for row in lists.tolist() for product in row[:k]} - {-1}
    assert coverage(lists[:, :k], products) == pytest.approx(len(shown) / products)


def test_ndcg_equals_scikit_learn():
    generator = np.random.default_rng(3)
    products, users = 40, 30
    scores = generator.normal(size=(users, products))
    relevance = (generator.random((users, products)) < 0.2).astype(int)
    relevance[relevance.sum(axis=1) == 0, 0] = 1
    lists = np.argsort(-scores, axis=1)[:, :10]
    offsets, index = _flatten([np.flatnonzero(row) for row in relevance])
    ours = ndcg_at_k(hit_matrix(lists, offsets, index), np.diff(offsets), 10)
    theirs = [ndcg_score(relevance[[row]], scores[[row]], k=10) for row in range(users)]
    np.testing.assert_allclose(ours, theirs)


def test_hit_matrix_refuses_offsets_of_other_users():
    with pytest.raises(ValueError, match="`target_offsets` should have 3 values"):
        hit_matrix(np.zeros((2, 3), int), np.array([0, 1]), np.array([0]))


@pytest.mark.parametrize("k", [1, 5, 30])
def test_the_highest_equal_a_full_sort(k: int) -> None:
    scores = np.random.default_rng(0).permutation(600).reshape(20, 30).astype(np.float32)
    scores[:, 3] = -np.inf
    expected = [sorted(range(30), key=lambda place: -row[place])[:k] for row in scores]
    assert highest(scores, k).tolist() == expected


@pytest.mark.parametrize("width", [64, 640, 1000])
@pytest.mark.parametrize("k", [1, 2, 20])
def test_the_highest_of_long_rows_equal_a_full_sort(width: int, k: int) -> None:
    random = np.random.default_rng(width + k)
    scores = random.permuted(np.tile(np.arange(width, dtype=np.float32), (5, 1)), axis=1)
    scores[1, 3:] = -np.inf
    scores[2] = np.sort(scores[2])
    best = np.take_along_axis(scores, highest(scores, k), axis=1)
    np.testing.assert_array_equal(best, -np.sort(-scores, axis=1)[:, :k])
    assert all(len(set(row)) == k for row in highest(scores, k).tolist())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4), st.sampled_from([1, 5, 40, 300, 700]), st.integers(1, 12))
def test_equal_scores_are_taken_in_order_as_they_are_served(seed: int, levels: int, width: int, k: int) -> None:
    scores = np.random.default_rng(seed).integers(levels, size=(4, width)).astype(np.float32)
    scores[0, : width // 2] = -np.inf
    k = min(k, width)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(highest(scores, k), expected)
    np.testing.assert_array_equal(top_k(tf.constant(scores), k)[1], expected)
