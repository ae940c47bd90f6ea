"""Near misses and neighbours against full sorts."""

import numpy as np
import pytest

from trainer.search.options import SearchTrainingOptions
from trainer.search.ranking import Neighbours, near_misses, nearest

TEXTS = np.sort(np.random.default_rng(5).permutation(500)[:200])


def unit_vectors(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


QUERIES, VECTORS = unit_vectors(30, 1), unit_vectors(200, 2)
JUDGED = [TEXTS[np.argsort(-scores)[[0, 7, 21]]] for scores in QUERIES @ VECTORS.T]


def mined(seed: int, max_compared: int) -> list[np.ndarray]:
    options = SearchTrainingOptions(mined_from=5, mined_to=25, max_compared=max_compared)
    return near_misses(QUERIES, VECTORS, TEXTS, JUDGED, options, np.random.default_rng(seed))


def test_near_misses_are_those_between_the_ranks_that_nobody_has_judged() -> None:
    for found, scores, judged in zip(mined(0, 30 * 200), QUERIES @ VECTORS.T, JUDGED, strict=True):
        ranked = TEXTS[np.argsort(-scores, kind="stable")].tolist()
        assert found.tolist() == [text for text in ranked[5:25] if text not in judged]


@pytest.mark.parametrize(("size", "first", "last"), [(80, 2, 10), (8, 0, 1), (1, 0, 1)])
def test_of_more_texts_a_sample_is_ranked_and_the_ranks_shrink_with_it(size: int, first: int, last: int) -> None:
    # As a sample is drawn once for all queries, it is what a generator of the same seed draws.
    sample = np.sort(np.random.default_rng(3).choice(200, size, replace=False))
    for found, scores, judged in zip(mined(3, 30 * size + 29), QUERIES @ VECTORS[sample].T, JUDGED, strict=True):
        ranked = TEXTS[sample][np.argsort(-scores, kind="stable")].tolist()
        assert found.tolist() == [text for text in ranked[first:last] if text not in judged]


def test_a_sample_differs_from_the_next_one() -> None:
    samples = [set(np.concatenate(mined(seed, 30 * 80)).tolist()) for seed in (0, 0, 1)]
    assert samples[0] == samples[1] != samples[2]


def test_neighbours_kept_is_the_share_of_the_ten_nearest_that_stay() -> None:
    before, after = unit_vectors(60, 7), unit_vectors(60, 7) + unit_vectors(60, 8)
    after /= np.linalg.norm(after, axis=1, keepdims=True)
    shares = []
    for text in range(60):
        near = [set(np.argsort(-(each @ each[text]))[:11].tolist()) - {text} for each in (before, after)]
        shares.append(len(near[0] & near[1]) / 10)
    neighbours = Neighbours(before, np.random.default_rng(0))
    assert neighbours.kept(after) == pytest.approx(np.mean(shares))
    assert neighbours.kept(before) == 1.0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_texts_have_as_many_neighbours_as_there_are(count: int) -> None:
    assert Neighbours(unit_vectors(count, 1), np.random.default_rng(0)).kept(unit_vectors(count, 2)) == 1.0


def test_the_nearest_are_those_of_a_full_sort() -> None:
    np.testing.assert_array_equal(nearest(QUERIES, VECTORS, 9), np.argsort(-(QUERIES @ VECTORS.T), axis=1)[:, :9])
