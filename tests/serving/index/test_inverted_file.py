"""The approximate index against a full sort in NumPy, before and after a reload."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.index.exact import RetrievalIndex
from serving.index.inverted_file import InvertedFileIndex

SIZE, DIMENSIONS, CELLS = 300, 8, 17
# Cells that no vector is in: the first, one in between and the last.
EMPTY = (0, 7, 16)


class Searcher(tf.Module):
    """An index behind signatures, as models have it."""

    def __init__(self, index: RetrievalIndex) -> None:
        super().__init__()
        self.index = index
        query, k = tf.TensorSpec([None, DIMENSIONS], tf.float32), tf.TensorSpec([], tf.int32)
        mask = tf.TensorSpec([None, SIZE], tf.bool)
        self.search = tf.function(self.index.search, input_signature=[query, k])
        self.search_allowed = tf.function(self.index.search, input_signature=[query, k, mask])


def clustered(size: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns vectors, centroids and cells; some cells are empty."""
    random = np.random.default_rng(seed)
    centroids = random.normal(size=(CELLS, DIMENSIONS)).astype(np.float32)
    cell_of = random.choice([cell for cell in range(CELLS) if cell not in EMPTY], size)
    vectors = centroids[cell_of] + 0.3 * random.normal(size=(size, DIMENSIONS))
    return vectors.astype(np.float32), centroids, cell_of


def some_axes() -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(5).normal(size=(DIMENSIONS, DIMENSIONS)))[0].astype(np.float32)


def build(size: int = SIZE, probes: int = CELLS, **settings: Any) -> tuple[InvertedFileIndex, np.ndarray]:
    vectors, centroids, cell_of = clustered(size)
    return InvertedFileIndex(vectors, centroids=centroids, cell_of=cell_of, probes=probes, **settings), vectors


def full_sort(vectors: np.ndarray, queries: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    width = min(max(k, 0), len(vectors))
    scores = np.full((len(queries), width), -np.inf, np.float32)
    indices = np.full((len(queries), width), -1, np.int32)
    for row, query in enumerate(queries):
        products = vectors @ query
        order = [place for place in np.argsort(-products, kind="stable") if allowed[row, place]][:width]
        scores[row, : len(order)] = products[order]
        indices[row, : len(order)] = order
    return scores, indices


def recall(indices: tf.Tensor, expected: np.ndarray) -> float:
    pairs = zip(indices.numpy(), expected, strict=True)
    hits = sum(len(set(found[found >= 0]) & set(best[best >= 0])) for found, best in pairs)
    return hits / (expected >= 0).sum()


@pytest.fixture(scope="module")
def searchers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Searcher, Any, np.ndarray]:
    index, vectors = build(axes=some_axes(), leading=3, probes=3, rescored=20)
    made = Searcher(index)
    folder: Path = tmp_path_factory.mktemp("index")
    tf.saved_model.save(made, str(folder))
    return made, tf.saved_model.load(str(folder)), vectors


@pytest.mark.parametrize("storage", ["int8", "float16"])
@pytest.mark.parametrize("k", [-3, 0, 1, 10, SIZE, SIZE + 1])
def test_all_cells_probed_equal_a_full_sort(k: int, storage: Any) -> None:
    index, _ = build(axes=some_axes(), leading=3, rescored=SIZE, storage=storage)
    # The second way starts from the vectors as stored, so that nothing but the search is compared.
    vectors = index.vectors_at(tf.range(SIZE)).numpy()
    queries = np.random.default_rng(2).normal(size=(4, DIMENSIONS)).astype(np.float32)
    scores, indices = index.search(queries, k)
    expected_scores, _ = full_sort(vectors, queries, k, np.ones((4, SIZE), bool))
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-4, atol=1e-5)
    for row in range(4):
        np.testing.assert_allclose(vectors[indices[row]] @ queries[row], scores[row], rtol=1e-4, atol=1e-5)
        assert len(set(indices[row].numpy())) == len(indices[row])
    assert (scores.dtype, indices.dtype) == (tf.float32, tf.int32)


@pytest.mark.parametrize(("storage", "tolerance"), [("int8", 0.03), ("float16", 0.002)])
def test_vectors_come_back_but_for_rounding(storage: Any, tolerance: float) -> None:
    index, vectors = build(axes=some_axes(), leading=3, storage=storage)
    np.testing.assert_allclose(index.vectors_at(tf.range(SIZE)), vectors, atol=tolerance)


def test_without_trailing_values_nothing_is_rounded() -> None:
    index, vectors = build()
    queries = np.random.default_rng(2).normal(size=(3, DIMENSIONS)).astype(np.float32)
    scores, indices = index.search(queries, 9)
    expected_scores, expected_indices = full_sort(vectors, queries, 9, np.ones((3, SIZE), bool))
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-5)


def test_only_probed_cells_are_looked_into() -> None:
    index, _ = build(probes=1, rescored=1)
    _, centroids, cell_of = clustered(SIZE)
    nearest = (centroids @ centroids.T).argmax(axis=1)
    filled = [cell for cell in range(CELLS) if nearest[cell] not in EMPTY]
    _, indices = tf.function(index.search)(centroids[filled], tf.constant(1))
    np.testing.assert_array_equal(cell_of[indices.numpy()[:, 0]], nearest[filled])


@settings(max_examples=40, deadline=None)
@given(
    k=st.sampled_from([-3, 0, 1, 2, 10, 60, SIZE, SIZE + 1, 1_000_000]),
    batch=st.sampled_from([0, 1, 2, 5]),
    shares=st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]), min_size=5, max_size=5),
    seed=st.integers(0, 1000),
)
def test_as_many_come_back_as_pass_and_none_twice(
    searchers: tuple[Searcher, Any, np.ndarray], k: int, batch: int, shares: Sequence[float], seed: int
) -> None:
    made, loaded, vectors = searchers
    random = np.random.default_rng(seed)
    queries = random.normal(size=(batch, DIMENSIONS)).astype(np.float32)
    # Every row has a mask of its own.
    allowed = random.uniform(size=(batch, SIZE)) < np.array(shares[:batch])[:, np.newaxis]
    width = min(max(k, 0), SIZE)
    for searcher in (made, loaded):
        scores, indices = (found.numpy() for found in searcher.search_allowed(queries, tf.constant(k), allowed))
        assert scores.shape == indices.shape == (batch, width)
        for row in range(batch):
            found = indices[row][indices[row] >= 0]
            assert len(found) == min(width, allowed[row].sum())
            assert len(set(found)) == len(found)
            assert allowed[row, found].all()
            assert (indices[row, len(found) :] == -1).all()
            assert (scores[row, len(found) :] == -np.inf).all()
            assert (np.diff(scores[row, : len(found)]) <= 0.0).all()
            np.testing.assert_allclose(scores[row, : len(found)], vectors[found] @ queries[row], atol=0.2)


def test_filters_cost_no_recall() -> None:
    index, vectors = build(axes=some_axes(), leading=5, probes=5, rescored=SIZE)
    searcher = Searcher(index)
    random = np.random.default_rng(7)
    queries = random.normal(size=(60, DIMENSIONS)).astype(np.float32)
    everything = np.ones((len(queries), SIZE), bool)
    unfiltered = recall(searcher.search(queries, tf.constant(10))[1], full_sort(vectors, queries, 10, everything)[1])
    for share in (0.01, 0.1, 0.5, 1.0):
        allowed = random.uniform(size=everything.shape) < share
        _, indices = searcher.search_allowed(queries, tf.constant(10), allowed)
        assert recall(indices, full_sort(vectors, queries, 10, allowed)[1]) >= unfiltered - 0.02


def test_a_filter_that_passes_only_the_farthest_cell() -> None:
    vectors, centroids, cell_of = clustered(SIZE)
    index = InvertedFileIndex(vectors, centroids=centroids, cell_of=cell_of, probes=1)
    farthest = max(
        (cell for cell in range(CELLS) if cell not in EMPTY), key=lambda cell: -centroids[cell] @ centroids[1]
    )
    allowed = (cell_of == farthest)[np.newaxis]
    scores, indices = index.search(centroids[1:2], 5, tf.constant(allowed))
    expected_scores, expected_indices = full_sort(vectors, centroids[1:2], 5, allowed)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-5)


def test_more_cells_are_probed_for_a_large_k() -> None:
    index, _ = build(probes=1)
    _, indices = index.search(tf.ones([1, DIMENSIONS]), SIZE)
    np.testing.assert_array_equal(np.sort(indices.numpy()[0]), np.arange(SIZE))


def test_equal_vectors_are_each_found_once_and_lower_first() -> None:
    index = InvertedFileIndex(np.ones((6, 2)), centroids=np.ones((1, 2)), cell_of=np.zeros(6, int), probes=1)
    _, indices = index.search(tf.ones([1, 2]), 6)
    np.testing.assert_array_equal(indices, [[0, 1, 2, 3, 4, 5]])


def test_one_product() -> None:
    index = InvertedFileIndex([[0.0, 2.0]], centroids=[[0.0, 0.0]], cell_of=[0], probes=1, leading=1)
    scores, indices = index.search(tf.constant([[1.0, 3.0]]), 4)
    np.testing.assert_array_equal(indices, [[0]])
    np.testing.assert_allclose(scores, [[6.0]], rtol=1e-6)
    scores, indices = index.search(tf.constant([[1.0, 3.0]]), 4, tf.constant([[False]]))
    np.testing.assert_array_equal(indices, [[-1]])
    np.testing.assert_array_equal(scores, [[-np.inf]])


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_queries_of_any_float_dtype(dtype: type) -> None:
    index, _ = build()
    queries = np.random.default_rng(2).normal(size=(2, DIMENSIONS)).astype(dtype)
    scores, indices = index.search(tf.constant(queries), 3)
    expected = index.search(tf.constant(queries.astype(np.float32)), 3)
    np.testing.assert_array_equal(indices, expected[1])
    assert scores.dtype == tf.float32


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3), np.array([[1.0, np.nan]])])
def test_bad_vectors_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="`vectors` must be"):
        InvertedFileIndex(bad, centroids=np.zeros((1, 2)), cell_of=[0], probes=1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"centroids": np.zeros((2, 3))}, "centroids"),
        ({"cell_of": [0, 1]}, "cell_of"),
        ({"cell_of": [0, 1, 2]}, "cell_of"),
        ({"probes": 0}, "probes"),
        ({"probes": 3}, "probes"),
        ({"rescored": 0}, "rescored"),
        ({"leading": 3}, "leading"),
        ({"axes": np.eye(3)}, "axes"),
        ({"axes": 2.0 * np.eye(2)}, "axes"),
        ({"storage": "int4"}, "storage"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Any], name: str) -> None:
    good = {"centroids": np.zeros((2, 2)), "cell_of": [0, 1, 0], "probes": 1}
    with pytest.raises(ValueError, match=f"`{name}`"):
        InvertedFileIndex(np.zeros((3, 2)), **(good | change))


def test_size_bytes_is_what_a_saved_model_keeps(tmp_path: Path) -> None:
    for options in ({"axes": some_axes(), "leading": 3}, {"storage": "float16"}):
        index, vectors = build(**options)
        folder = str(tmp_path / str(options.get("storage")))
        tf.saved_model.save(Searcher(index), folder)
        checkpoint = tf.train.load_checkpoint(f"{folder}/variables/variables")
        names = [name for name in checkpoint.get_variable_to_shape_map() if name.endswith("VARIABLE_VALUE")]
        assert index.size_bytes == sum(checkpoint.get_tensor(name).nbytes for name in names) > vectors.size
