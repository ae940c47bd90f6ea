"""Diversity, novelty and popularity bias against values by hand and plain Python."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.metrics.lists import (
    diversity_at_k,
    novelty_at_k,
    popularity_bias_at_k,
    popularity_percentiles,
    self_information,
    shared_products,
)


def plain_information(popularity):
    """Self-information of each product, one by one."""
    least = min([1.0, *(value for value in popularity if value > 0)])
    events = [value if value > 0 else least / 2 for value in popularity]
    return [-math.log2(value / sum(events)) for value in events]


def plain_percentiles(popularity):
    """Popularity percentile of each product, one by one."""
    others = max(len(popularity) - 1, 1)
    return [
        (sum(other < value for other in popularity) + (popularity.count(value) - 1) / 2) / others
        for value in popularity
    ]


def plain_list_metrics(listed, wanted, kinds, popularity):
    """The measures of one list, None where one is not defined."""
    information, percentiles = plain_information(popularity), plain_percentiles(popularity)
    pairs = [kinds[one] != kinds[other] for one, other in itertools.combinations(listed, 2)]

    def mean(values):
        return sum(values) / len(values) if values else None

    shown, chosen = mean([percentiles[p] for p in listed]), mean([percentiles[p] for p in wanted])
    return {
        "diversity": mean(pairs),
        "novelty": mean([information[product] for product in listed]),
        "popularity_bias": None if shown is None or chosen is None else shown - chosen,
    }


@st.composite
def _cases(draw):
    products = draw(st.integers(1, 9))
    width = draw(st.integers(1, products))
    lists, targets = [], []
    for _ in range(draw(st.integers(1, 5))):
        row = draw(st.permutations(range(products)))[:width]
        empty = draw(st.sets(st.integers(0, width - 1)))
        lists.append([-1 if place in empty else product for place, product in enumerate(row)])
        targets.append(sorted(draw(st.sets(st.integers(0, products - 1)))))
    kinds = draw(st.lists(st.integers(0, 3), min_size=products, max_size=products))
    weights = st.sampled_from([0.0, 0.1, 1.0, 2.0, 37.5])
    popularity = draw(st.lists(weights, min_size=products, max_size=products))
    return lists, targets, kinds, popularity, draw(st.integers(1, 11))


@given(_cases())
def test_measures_equal_plain_python(case):
    lists, targets, kinds, popularity, k = case
    offsets = np.cumsum([0, *map(len, targets)])
    index = np.array([product for wanted in targets for product in wanted], dtype=np.int64)
    array, weights = np.array(lists), np.array(popularity)
    found = {
        "diversity": diversity_at_k(array, np.array(kinds), k),
        "novelty": novelty_at_k(array, self_information(weights), k),
        "popularity_bias": popularity_bias_at_k(array, popularity_percentiles(weights), offsets, index, k),
    }
    for row, wanted in enumerate(targets):
        listed = [product for product in lists[row][:k] if product >= 0]
        for name, expected in plain_list_metrics(listed, wanted, kinds, popularity).items():
            assert found[name][row] == pytest.approx(math.nan if expected is None else expected, nan_ok=True)


@given(_cases(), st.randoms(use_true_random=False))
def test_the_order_of_a_list_does_not_matter(case, random):
    lists, _, kinds, popularity, _ = case
    mixed = [random.sample(row, len(row)) for row in lists]
    information = self_information(np.array(popularity))
    for measure, values in ((diversity_at_k, np.array(kinds)), (novelty_at_k, information)):
        width = len(lists[0])
        np.testing.assert_allclose(measure(np.array(lists), values, width), measure(np.array(mixed), values, width))


def test_measures_by_hand():
    lists = np.array([[0, 1, 2], [3, -1, -1], [2, -1, 3]])
    kinds = np.array([0, 0, 1, 2])
    np.testing.assert_allclose(diversity_at_k(lists, kinds, 3), [2 / 3, math.nan, 1])
    information = self_information(np.array([4.0, 2.0, 1.5, 0.0]))
    np.testing.assert_allclose(information, [1, 2, math.log2(8 / 1.5), 4])
    np.testing.assert_allclose(novelty_at_k(lists, information, 2), [1.5, 4, math.log2(8 / 1.5)])
    percentiles = popularity_percentiles(np.array([4.0, 2.0, 2.0, 0.0]))
    np.testing.assert_allclose(percentiles, [1, 0.5, 0.5, 0])
    bias = popularity_bias_at_k(lists, percentiles, np.array([0, 1, 3, 3]), np.array([3, 0, 1]), 2)
    np.testing.assert_allclose(bias, [0.75, -0.75, math.nan])


def test_the_targets_themselves_have_no_popularity_bias():
    percentiles = popularity_percentiles(np.array([5.0, 1.0, 3.0]))
    bias = popularity_bias_at_k(np.array([[2, 0]]), percentiles, np.array([0, 2]), np.array([0, 2]), 2)
    np.testing.assert_allclose(bias, [0.0], atol=1e-12)


@pytest.mark.parametrize("lists", [2, 7])
def test_shared_products_are_those_of_pairs_of_lists(lists: int) -> None:
    random = np.random.default_rng(lists)
    drawn = [random.choice(12, int(random.integers(0, 6)), replace=False) for _ in range(lists)]
    pairs = [len({*one.tolist()} & {*other.tolist()}) for one, other in itertools.combinations(drawn, 2)]
    assert shared_products(np.concatenate(drawn), lists) == pytest.approx(np.mean(pairs))
    assert np.isnan(shared_products(drawn[0], 1))
