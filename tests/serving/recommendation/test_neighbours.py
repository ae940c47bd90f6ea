"""Scores of neighbours, and what is taken off a ranker's scores."""

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.history import History
from serving.recommendation.adjustment import in_turns, spread_over_kinds, without_popularity
from serving.recommendation.neighbours import Neighbours, NeighbourTable

RANDOM = np.random.default_rng(3)


def test_scores_add_up_what_leads_from_the_history() -> None:
    products, neighbours = 30, 4
    table = NeighbourTable(
        products=np.stack([RANDOM.choice(products, neighbours, replace=False) for _ in range(products)])
        - (RANDOM.random((products, neighbours)) < 0.2) * products,
        weights=RANDOM.random((products, neighbours)),
    )
    near, weights = np.maximum(table.products, -1), np.where(np.asarray(table.products) >= 0, table.weights, 0.0)
    table = NeighbourTable(products=near, weights=weights)
    asked = np.array([[3, -1, 7, 0], [-1, -1, -1, -1], [29, 5, 6, 1]], np.int32)
    expected = np.zeros((3, products))
    for row, history in enumerate(asked):
        known = history[history >= 0]
        for product in known:
            for other, weight in zip(near[product], weights[product], strict=True):
                if other >= 0:
                    expected[row, other] += weight / len(known)
    found = Neighbours(table).scores(tf.constant(asked))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("penalty", [0.0, 0.3, 5.0])
def test_spreading_equals_choosing_one_after_another(penalty: float) -> None:
    scores, kinds = RANDOM.normal(size=(3, 25)).astype(np.float32), RANDOM.integers(0, 5, (3, 25))
    spread = spread_over_kinds(tf.constant(scores), tf.constant(kinds), penalty).numpy()
    for row in range(3):
        chosen: list[int] = []
        for _ in range(25):
            taken = [int(kinds[row, product]) for product in chosen]
            left = {
                product: scores[row, product] - penalty * (taken.count(kind) if kind else 0)
                for product, kind in enumerate(kinds[row].tolist())
                if product not in chosen
            }
            chosen.append(max(left, key=left.__getitem__))
        assert np.argsort(-spread[row], kind="stable").tolist() == chosen


@pytest.mark.parametrize("cap", [1, 2, 7])
def test_a_cap_equals_dealing_in_turns(cap: int) -> None:
    scores, brands = RANDOM.normal(size=(4, 25)).astype(np.float32), RANDOM.integers(0, 5, (4, 25))
    scores[1, 5:], scores[2] = -np.inf, -np.inf
    capped = in_turns(tf.constant(scores), [(tf.constant(brands), cap)]).numpy()
    assert (np.isneginf(capped) == np.isneginf(scores)).all()
    for row in range(4):
        left = [int(each) for each in np.argsort(-scores[row], kind="stable") if np.isfinite(scores[row, each])]
        dealt: list[int] = []
        while left:
            taken: dict[int, int] = {}
            this_turn = []
            for product in left:
                brand = int(brands[row, product])
                # What has no brand is never too much.
                taken[brand] = taken.get(brand, 0) + 1
                if taken[brand] <= cap or not brand:
                    this_turn.append(product)
            dealt += this_turn
            left = [product for product in left if product not in this_turn]
        assert np.argsort(-capped[row], kind="stable").tolist()[: len(dealt)] == dealt


def test_a_candidate_of_two_groups_waits_for_the_last_turn() -> None:
    scores = RANDOM.normal(size=(4, 25)).astype(np.float32)
    brands, sellers = RANDOM.integers(0, 6, (2, 4, 25))
    capped = in_turns(tf.constant(scores), [(tf.constant(brands), 1), (tf.constant(sellers), 2)]).numpy()
    for row in range(4):
        order = np.argsort(-scores[row], kind="stable")
        turns = {}
        for place, product in enumerate(order):
            better = order[:place]
            turns[product] = max(
                (groups[row, better] == groups[row, product]).sum() // cap if groups[row, product] else 0
                for groups, cap in ((brands, 1), (sellers, 2))
            )
        # A stable sort keeps the order within a turn.
        assert np.argsort(-capped[row], kind="stable").tolist() == sorted(order, key=turns.__getitem__)


@pytest.mark.parametrize(
    ("products", "weeks", "taken"),
    [
        ([4, -1, 4, -1], 0.0, 1.0 / (1.0 + 1.0 / 64.0)),
        ([-1, 1, 2, 3], 13.0, 0.5 / (1.0 + 9.0 / 64.0)),
        (list(range(800)), 0.0, 1.0e-4),
    ],
)
def test_popularity_goes_out_of_the_scores_of_short_and_late_histories(
    products: list[int], weeks: float, taken: float
) -> None:
    scores, popularity = RANDOM.normal(size=(2, 25)).astype(np.float32), RANDOM.random((2, 25)).astype(np.float32)
    places = tf.constant([products] * 2, tf.int32)
    history = History(places, tf.zeros_like(places), tf.fill(places.shape, weeks * 7.0 * 86_400.0))
    found = without_popularity(tf.constant(scores), tf.constant(popularity), history, 0.5).numpy()
    np.testing.assert_allclose(found, scores - 0.5 * taken * popularity, rtol=1e-4, atol=1e-5)
