"""The index of a catalogue and its recall, against full sorts."""

import numpy as np
import pytest

from serving.index.exact import ExactIndex
from serving.index.inverted_file import InvertedFileIndex
from serving.index.two_step import TwoStepIndex
from trainer.search.index.build import build_index, index_recall
from trainer.search.index.inverted_cells import build_inverted_file
from trainer.search.options import SearchServingOptions
from trainer.search.ranking import nearest

SIZE, DIMENSIONS = 600, 8


def unit(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, DIMENSIONS))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS, QUERIES = unit(SIZE, 1), unit(24, 2)


def plain_recall(index: InvertedFileIndex, queries: np.ndarray) -> float:
    found = index.search(queries, 10)[1].numpy()
    exact = np.argsort(-(queries @ VECTORS.T), axis=1, kind="stable")[:, :10]
    shares = [len({*row} & {*wanted}) / 10 for row, wanted in zip(found.tolist(), exact.tolist(), strict=True)]
    return float(np.mean(shares))


def test_recall_of_an_inverted_file() -> None:
    index = build_inverted_file(VECTORS, QUERIES, cells=30)
    recalls = []
    for probes in (1, 30):
        index.probes.assign(probes)
        recalls.append(index_recall(index, VECTORS, QUERIES))
        assert recalls[-1] == pytest.approx(plain_recall(index, QUERIES))
    assert recalls[0] < 0.9
    assert recalls[1] > 0.99


def test_recall_is_a_mean_over_many_queries() -> None:
    queries, part = unit(150, 2), VECTORS[:300]
    found = np.argsort(-(queries @ part.T), axis=1)[:, :10]
    exact = np.argsort(-(queries @ VECTORS.T), axis=1)[:, :10]
    expected = np.mean(
        [len({*row} & {*wanted}) / 10 for row, wanted in zip(found.tolist(), exact.tolist(), strict=True)]
    )
    assert index_recall(ExactIndex(part), VECTORS, queries) == pytest.approx(expected)


def test_an_exact_index_finds_everything() -> None:
    assert index_recall(ExactIndex(VECTORS), VECTORS, QUERIES) == 1.0
    assert index_recall(ExactIndex(VECTORS[:3]), VECTORS[:3], QUERIES) == 1.0
    assert index_recall(ExactIndex(VECTORS), VECTORS, QUERIES[:0]) is None


@pytest.mark.parametrize(("exact_limit", "queries"), [(SIZE, 24), (1, 1), (1, 0)])
def test_small_catalogues_and_those_without_queries_are_searched_exactly(exact_limit: int, queries: int) -> None:
    measured = build_index(VECTORS, QUERIES[:queries], SearchServingOptions(exact_limit=exact_limit), seed=0)
    assert isinstance(measured.vectors, ExactIndex)
    assert measured.recall == 1.0


@pytest.mark.parametrize("storage", ["int8", "float16"])
def test_a_larger_catalogue_has_an_inverted_file_measured_on_queries_it_was_not_tuned_on(storage: str) -> None:
    options = SearchServingOptions(exact_limit=1, cells_limit=SIZE - 1, index_recall=0.8, storage=storage)
    measured = build_index(VECTORS, QUERIES, options, seed=0)
    assert isinstance(measured.vectors, InvertedFileIndex)
    assert measured.recall == pytest.approx(plain_recall(measured.vectors, QUERIES[1::2]))
    assert plain_recall(measured.vectors, QUERIES[::2]) >= 0.8 - 1e-9
    assert int(measured.vectors.probes) < measured.vectors.cells


@pytest.mark.parametrize(("spread", "kind"), [(0.1, TwoStepIndex), (1.0, ExactIndex)])
def test_between_the_limits_a_third_of_the_values_ranks_if_it_tells_enough(spread: float, kind: type) -> None:
    weights = np.where(np.arange(DIMENSIONS) < 2, 1.0, spread).astype(np.float32)
    options = SearchServingOptions(exact_limit=10, index_recall=0.97)
    measured = build_index(unit(5_000, 1) * weights, QUERIES * weights, options, seed=0)
    assert isinstance(measured.vectors, kind)
    assert measured.recall == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("k", [1, 10, SIZE, SIZE + 5])
@pytest.mark.parametrize("count", [24, 600])
def test_nearest_equals_a_full_sort(k: int, count: int) -> None:
    queries = unit(count, 2)
    expected = np.argsort(-(queries @ VECTORS.T), axis=1, kind="stable")[:, :k]
    scores = np.take_along_axis(queries @ VECTORS.T, nearest(queries, VECTORS, k), axis=1)
    # By score, since products are rounded otherwise in batches of another size, and near ones may change places.
    np.testing.assert_allclose(scores, np.take_along_axis(queries @ VECTORS.T, expected, axis=1), atol=1e-6)
    if count == 24:
        np.testing.assert_array_equal(nearest(queries, VECTORS, k), expected)


def test_nearest_to_no_query() -> None:
    assert nearest(QUERIES[:0], VECTORS, 3).shape == (0, 3)
