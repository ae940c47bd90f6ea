"""Exact search against a full sort in NumPy, before and after a reload."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.index.exact import ExactIndex, vectors_or_zeros

SIZE, DIMENSIONS = 23, 5


class Searcher(tf.Module):
    """An index behind a signature, as models have it."""

    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__()
        self.index = ExactIndex(vectors)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, DIMENSIONS], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([None, SIZE], tf.bool),
        ]
    )
    def search(self, queries: tf.Tensor, k: tf.Tensor, allowed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return self.index.search(queries, k, allowed)


def full_sort(vectors: np.ndarray, queries: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    width = min(max(k, 0), len(vectors))
    scores = np.full((len(queries), width), -np.inf, np.float32)
    indices = np.full((len(queries), width), -1, np.int32)
    for row, query in enumerate(queries):
        products = vectors @ query.astype(np.float32)
        order = [place for place in np.argsort(-products, kind="stable") if allowed[row, place]][:width]
        scores[row, : len(order)] = products[order]
        indices[row, : len(order)] = order
    return scores, indices


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(SIZE, DIMENSIONS)).astype(np.float32)


@pytest.fixture(scope="module")
def searchers(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> tuple[Searcher, Searcher]:
    made = Searcher(vectors)
    folder: Path = tmp_path_factory.mktemp("index")
    tf.saved_model.save(made, str(folder))
    return made, tf.saved_model.load(str(folder))


@settings(max_examples=40, deadline=None)
@given(
    k=st.sampled_from([-3, 0, 1, 2, 10, SIZE, SIZE + 1, 1_000_000]),
    batch=st.sampled_from([0, 1, 2, 7]),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 1000),
)
def test_search_equals_a_full_sort(
    vectors: np.ndarray, searchers: tuple[Searcher, Searcher], k: int, batch: int, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    queries = random.normal(size=(batch, DIMENSIONS)).astype(np.float32)
    allowed = random.uniform(size=(batch, SIZE)) < share
    expected_scores, expected_indices = full_sort(vectors, queries, k, allowed)
    for searcher in searchers:
        scores, indices = searcher.search(queries, tf.constant(k), allowed)
        np.testing.assert_array_equal(indices, expected_indices)
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_queries_of_any_float_dtype_and_everything_allowed(vectors: np.ndarray, dtype: type) -> None:
    queries = np.random.default_rng(2).normal(size=(3, DIMENSIONS)).astype(dtype)
    scores, indices = ExactIndex(vectors).search(tf.constant(queries), 4)
    expected_scores, expected_indices = full_sort(vectors, queries, 4, np.ones((3, SIZE), bool))
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-5)
    assert scores.dtype == tf.float32


def test_equal_vectors_are_each_found_once() -> None:
    _, indices = ExactIndex(np.ones((6, 2))).search(tf.ones([1, 2]), 6)
    np.testing.assert_array_equal(indices, [[0, 1, 2, 3, 4, 5]])


def test_vectors_come_back_and_zeros_for_no_product(vectors: np.ndarray) -> None:
    found = vectors_or_zeros(ExactIndex(vectors), tf.constant([[2, -1]]))
    np.testing.assert_array_equal(found, [[vectors[2], np.zeros(DIMENSIONS)]])


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3), np.array([[1.0, np.nan]])])
def test_bad_vectors_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="`vectors` must be"):
        ExactIndex(bad)
