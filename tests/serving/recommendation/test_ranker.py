"""The ranker's candidates and their order."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.history import History
from serving.recommendation.adjustment import UNCHANGED, Adjustment
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.neighbours import NeighbourTable
from serving.recommendation.ranker import CandidateCounts, Ranker, RankingModel
from serving.recommendation.ranking_features import PRODUCT_STATISTICS, RankedProducts
from serving.recommendation.together import ServedRules

PRODUCTS, DIMENSIONS, TOWER_DIMENSIONS = 40, 11, 8
POPULARITY = PRODUCT_STATISTICS.index("log_latest")
RANDOM = np.random.default_rng(1)
VECTORS = RANDOM.normal(size=(PRODUCTS, DIMENSIONS)).astype(np.float32)
STATISTICS = RANDOM.random((PRODUCTS, len(PRODUCT_STATISTICS))).astype(np.float32)
USERS = RANDOM.normal(size=(2, DIMENSIONS)).astype(np.float32)
HISTORY = History(
    tf.constant([[3, -1, 7, 3, 5], [-1, -1, 0, 1, 2]], tf.int32),
    tf.zeros([2, 5], tf.int32),
    tf.constant([[9.0, 0.0, 5.0, 3.0, 1.0]] * 2) * 86_400.0,
)
# From two of the first user's products to three others, and from one that nobody has.
KINDS = np.arange(PRODUCTS) % 3
SELLERS = RANDOM.integers(0, 3, PRODUCTS)
RULES = ServedRules(
    antecedent=[[7], [7], [3], [30]],
    consequent=[20, 21, 22, 23],
    confidence=[0.2, 0.3, 0.1, 0.9],
    lift=[2.0] * 4,
    strength=[2.0] * 4,
)
# The next three products are neighbours of each, of which the second is none of product 0's.
NEIGHBOURS = NeighbourTable(
    products=np.where(
        (np.arange(PRODUCTS)[:, np.newaxis] == 0) & (np.arange(3) == 1),
        -1,
        (np.arange(PRODUCTS)[:, np.newaxis] + [1, 2, 3]) % PRODUCTS,
    ),
    weights=np.tile([0.6, 0.3, 0.1], (PRODUCTS, 1)),
)


def make_ranker(scorer: Any = None, adjustment: Adjustment = UNCHANGED) -> Ranker:
    zeros = [0] * PRODUCTS
    model = RankingModel(
        products=RankedProducts(kinds=KINDS, brands=zeros, log_prices=zeros, capped={"seller": SELLERS}),
        statistics=STATISTICS,
        neighbours=NEIGHBOURS,
        candidates=CandidateCounts(near=4, neighbours=2, popular=3, rules=2),
        rules=RULES,
        adjustment=adjustment,
        scorer=scorer,
    )
    index = ItemIndex(VECTORS[:, :TOWER_DIMENSIONS], VECTORS[:, TOWER_DIMENSIONS:])
    return Ranker(index, model, event_types=1)


NAMES = make_ranker().feature_names


def by_recent_score(features: tf.Tensor) -> tf.Tensor:
    """A scorer that reads one feature."""
    return features[..., NAMES.index("recent score")]


def nearness(user: int) -> np.ndarray:
    """How near each product is to a user's, as a mean over them."""
    own = {int(product) for product in HISTORY.products[user].numpy()} - {-1}
    scores = np.zeros(PRODUCTS)
    for product in own:
        for neighbour, weight in zip(NEIGHBOURS.products[product], NEIGHBOURS.weights[product], strict=True):
            scores[neighbour] += weight / len(own) if neighbour >= 0 else 0.0
    return scores


def expected_candidates(user: int, allowed: np.ndarray, near: int = 4) -> set[int]:
    own = set(HISTORY.products[user].numpy()) - {-1}
    others = [product for product in range(PRODUCTS) if product not in own and allowed[product]]
    nearest = sorted(others, key=lambda product: -(VECTORS[product] @ USERS[user]))[:near]
    popular = sorted(others, key=lambda product: -STATISTICS[product, POPULARITY])[:3]
    by_nearness = sorted((product for product in others if nearness(user)[product]), key=lambda p: -nearness(user)[p])
    by_rules = [product for product in ([21, 20, 22] if user == 0 else []) if product in others][:2]
    return {product for product in own if allowed[product]} | {
        *nearest,
        *by_nearness[:2],
        *popular,
        *by_rules,
    }


@pytest.mark.parametrize("k", [0, 10])
@pytest.mark.parametrize("filtered", [False, True])
def test_candidates_are_the_products_of_all_sources_each_once(k: int, filtered: bool) -> None:
    allowed = np.ones((2, PRODUCTS), bool)
    if filtered:
        allowed[:, ::2] = False
    candidates, features = make_ranker().describe(HISTORY, tf.constant(USERS), k, tf.constant(allowed))
    assert candidates.shape[:2] == features.shape[:2]
    for user in range(2):
        found = [product for product in candidates[user].numpy() if product >= 0]
        assert len(found) == len(set(found))
        assert set(found) == expected_candidates(user, allowed[user], max(k, 4))
        # The user's own products come first, and none is missing before the end.
        own = set(HISTORY.products[user].numpy()) - {-1}
        assert set(found[: len(own & set(found))]) == own & set(found)
        assert (candidates[user].numpy()[len(found) :] == -1).all()
    assert candidates.shape[1] == max((candidates.numpy() >= 0).sum(axis=1).max(), k)


def test_candidates_are_told_what_rules_say_of_them() -> None:
    candidates, features = make_ranker().describe(HISTORY, tf.constant(USERS))
    confidence = dict(
        zip(
            candidates[0].numpy().tolist(), features[0, :, NAMES.index("rule confidence")].numpy().tolist(), strict=True
        )
    )
    assert confidence[20] == pytest.approx(0.2)
    assert confidence[21] == pytest.approx(0.3)
    assert confidence[3] == 0.0


def test_the_towers_scores_are_dot_products_of_the_parts() -> None:
    candidates, features = make_ranker().describe(HISTORY, tf.constant(USERS))
    for user in range(2):
        there = candidates[user].numpy() >= 0
        agreement = VECTORS[candidates[user].numpy()[there]] * USERS[user]
        recent, linear = agreement[:, :TOWER_DIMENSIONS].sum(axis=1), agreement[:, TOWER_DIMENSIONS:].sum(axis=1)
        np.testing.assert_allclose(
            features[user, :, NAMES.index("recent score")].numpy()[there], recent, rtol=1e-4, atol=1e-5
        )
        expected = np.log(np.maximum(linear, 1e-5))
        np.testing.assert_allclose(
            features[user, :, NAMES.index("linear score")].numpy()[there], expected, rtol=1e-3, atol=1e-3
        )


def test_candidates_are_told_how_near_they_are() -> None:
    candidates, features = make_ranker().describe(HISTORY, tf.constant(USERS))
    for user in range(2):
        there = candidates[user].numpy() >= 0
        expected = np.log(np.maximum(nearness(user)[candidates[user].numpy()[there]], 1e-6))
        found = features[user].numpy()[there]
        np.testing.assert_allclose(found[:, NAMES.index("neighbour score")], expected, rtol=1e-4)
        np.testing.assert_allclose(
            found[:, NAMES.index("neighbour score beside the best")], expected - expected.max(), rtol=1e-4, atol=1e-5
        )


def test_a_few_of_the_candidates_are_described_as_all_of_them_are() -> None:
    ranker = make_ranker()
    candidates, features = ranker.describe(HISTORY, tf.constant(USERS))
    same, told = ranker.look_over(HISTORY, tf.constant(USERS))
    np.testing.assert_array_equal(same, candidates)
    places = tf.constant([[4, 0, 7], [1, 5, 2]])
    few = ranker.describe_some(HISTORY, *(tf.gather(each, places, batch_dims=1) for each in (candidates, told)))
    np.testing.assert_allclose(few, tf.gather(features, places, batch_dims=1), rtol=1e-5)


def test_scores_are_adjusted_for_popularity_and_for_kinds() -> None:
    adjustment = Adjustment(popularity_damping=0.8, kind_penalty=0.3)
    scores, products = make_ranker(by_recent_score, adjustment).rank(HISTORY, tf.constant(USERS), tf.constant(8))
    decayed = STATISTICS[:, PRODUCT_STATISTICS.index("log_decayed")]
    for user in range(2):
        own = {int(product) for product in HISTORY.products[user].numpy()} - {-1}
        # Four events of the first user are 4.5 days old on average, three of the second's 3 days.
        weeks = [4.5 / 7.0, 3.0 / 7.0][user]
        taken = 0.8 / (1.0 + (len(own) / 8.0) ** 2) / (1.0 + (weeks / 13.0) ** 2)
        left = {
            product: float(VECTORS[product, :TOWER_DIMENSIONS] @ USERS[user, :TOWER_DIMENSIONS])
            - (0.0 if product in own else taken * decayed[product])
            for product in expected_candidates(user, np.ones(PRODUCTS, bool), near=8)
        }
        for place in range(8):
            best = max(left, key=left.__getitem__)
            assert int(products[user, place]) == best
            assert float(scores[user, place]) == pytest.approx(left.pop(best), abs=1e-4)
            left |= {p: score - 0.3 for p, score in left.items() if KINDS[p] and KINDS[p] == KINDS[best]}


def test_no_seller_has_more_than_its_cap_before_all_others_had_theirs() -> None:
    ranker = make_ranker(by_recent_score, Adjustment(exposure_caps={"seller": 2}))
    products = ranker.rank(HISTORY, tf.constant(USERS), tf.constant(10))[1].numpy()
    recent = VECTORS[:, :TOWER_DIMENSIONS] @ USERS[:, :TOWER_DIMENSIONS].T
    for user in range(2):
        before: Counter[int] = Counter()
        turns = {}
        candidates = expected_candidates(user, np.ones(PRODUCTS, bool), near=10)
        for product in sorted(candidates, key=lambda product: -recent[product, user]):
            turns[product] = before[SELLERS[product]] // 2 if SELLERS[product] else 0
            before[SELLERS[product]] += 1
        assert products[user].tolist() == sorted(turns, key=turns.__getitem__)[:10]


def test_products_come_in_order_of_the_scorer() -> None:
    ranker = make_ranker(by_recent_score)
    scores, products = ranker.rank(HISTORY, tf.constant(USERS), tf.constant(6))
    assert scores.shape == products.shape == (2, 6)
    for user in range(2):
        candidates = expected_candidates(user, np.ones(PRODUCTS, bool), near=6)
        recent = VECTORS[:, :TOWER_DIMENSIONS] @ USERS[user, :TOWER_DIMENSIONS]
        best = sorted(candidates, key=lambda product: -recent[product])[:6]
        assert products[user].numpy().tolist() == best


@pytest.mark.parametrize(("k", "width"), [(0, 0), (-3, 0), (PRODUCTS, PRODUCTS), (1_000_000, PRODUCTS)])
def test_any_k_is_answered_with_distinct_products(k: int, width: int) -> None:
    ranker = make_ranker(by_recent_score)
    scores, products = ranker.rank(HISTORY, tf.constant(USERS), tf.constant(k))
    assert products.shape == (2, width)
    assert all(len(set(row)) == width for row in products.numpy())
    assert np.isfinite(scores).all()


def test_places_that_no_product_is_left_for_are_empty() -> None:
    allowed = np.zeros((2, PRODUCTS), bool)
    allowed[:, 3] = True
    scores, products = make_ranker(by_recent_score).rank(
        HISTORY, tf.constant(USERS), tf.constant(4), tf.constant(allowed)
    )
    assert products.numpy().tolist() == [[3, -1, -1, -1]] * 2
    assert np.isneginf(scores[:, 1:]).all()


def test_a_ranker_without_a_scorer_only_describes() -> None:
    with pytest.raises(ValueError, match="without a scorer"):
        make_ranker().rank(HISTORY, tf.constant(USERS), tf.constant(3))


def test_a_scorer_that_was_taught_other_features_is_refused() -> None:
    def scorer(features: tf.Tensor) -> tf.Tensor:
        return features[..., 0]

    scorer.features = NAMES  # type: ignore[attr-defined]
    assert make_ranker(scorer).feature_names == NAMES
    scorer.features = [*NAMES[:-1], "weather"]  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"taught other features .*'weather'"):
        make_ranker(scorer)
