"""The ranker's features against the same counted event by event."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.history import History
from serving.recommendation.ranking_features import (
    PRODUCT_STATISTICS,
    RULE_FEATURES,
    TOWER_FEATURES,
    CandidateScores,
    RankedProducts,
    RankingFeatures,
)
from serving.recommendation.rule_scores import BestRules

PRODUCTS = 6
DAY = 86_400.0
KINDS = [1, 1, 2, 2, 0, 3]
BRANDS = [1, 2, 1, 0, 0, 2]
UNKNOWN = 0
LOG_PRICES = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
STATISTICS = np.random.default_rng(0).random((PRODUCTS, len(PRODUCT_STATISTICS))).astype(np.float32)
GROUP_FEATURES = 14


def describer(event_types: int = 1) -> RankingFeatures:
    return RankingFeatures(RankedProducts(kinds=KINDS, brands=BRANDS, log_prices=LOG_PRICES), event_types=event_types)


def compute(
    products: list[list[int]], types: list[list[int]], days: list[list[float]], event_types: int = 1
) -> np.ndarray:
    """Features of all products as candidates, with the product's number as every score."""
    features = describer(event_types)
    history = History(
        tf.constant(products, tf.int32), tf.constant(types, tf.int32), tf.constant(days, tf.float32) * DAY
    )
    rows = len(products)
    candidates = tf.tile(tf.range(PRODUCTS)[tf.newaxis], [rows, 1])
    number = tf.cast(candidates, tf.float32)
    scores = CandidateScores(
        rules=BestRules(number / 10.0, number), linear=number, recent=number, neighbours=number / 20.0
    )
    alone = features.alone(history, candidates, tf.constant(STATISTICS))
    told = features.of_scores(scores, candidates, with_rules=scores.rules is not None)
    return tf.concat([alone, told], axis=-1).numpy()


def group_by_hand(events: list[tuple[int, float]], total_slow: float) -> list[float]:
    """What is said of the events (place from the end, days) that go with a candidate."""
    weeks = [days / 7.0 for _, days in events]
    sums = [
        len(events),
        *(sum(math.exp(-week / decay) for week in weeks) for decay in (1.0, 4.0, 10.0)),
        *(sum(math.exp(-place / decay) for place, _ in events) for decay in (16.0, 128.0)),
        sum(math.exp(-days / 70.0) for _, days in events if min(days % 7.0, 7.0 - days % 7.0) < 0.5),
    ]
    last = min((days for _, days in events), default=400.0)
    first = max((days for _, days in events), default=800.0)
    interval = last if len(events) == 1 else (first - last) / max(len(events) - 1, 1)
    return [
        *(math.log1p(value) for value in sums),
        math.log1p(last),
        math.log1p(interval),
        math.log1p(last) - math.log1p(interval),
        math.log1p(min((place for place, _ in events), default=1000.0)),
        float(len(events) > 0),
        float(len(events) > 1),
        sums[3] / (total_slow + 1.0),
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, PRODUCTS - 1), st.floats(0.0, 300.0, width=32)), min_size=4, max_size=4),
)
def test_features_are_what_counting_by_hand_gives(events: list[tuple[int, float]]) -> None:
    events = sorted(events, key=lambda event: -event[1])
    # A second row must not leak into the first.
    found = compute(
        [[product for product, _ in events], [0, 1, 2, 3]], [[0] * 4] * 2, [[days for _, days in events], [9.0] * 4]
    )[0]
    known = [(product, days) for product, days in events if product >= 0]
    placed = [(len(known) - 1 - place, product, days) for place, (product, days) in enumerate(known)]
    slow = sum(math.exp(-days / 70.0) for _, days in known)
    for candidate in range(PRODUCTS):
        expected: list[float] = []
        for keys in (range(1, PRODUCTS + 1), KINDS, BRANDS):
            matches = [
                (place, days)
                for place, product, days in placed
                if keys[product] == keys[candidate] and keys[product] != UNKNOWN
            ]
            expected += group_by_hand(matches, slow)
        np.testing.assert_allclose(found[candidate, : 3 * GROUP_FEATURES], expected, rtol=1e-3, atol=1e-3)


def test_price_beside_the_usual_and_scores_beside_the_best() -> None:
    found = compute([[0, 3]], [[0, 0]], [[2.0, 1.0]])[0]
    names = describer().names(with_rules=True)
    number = np.arange(PRODUCTS)
    linear = np.log(np.maximum(number, 1e-5))
    last = [LOG_PRICES, np.array(LOG_PRICES) - 1.25, number / 10.0, np.log1p(number)]
    last += [linear, linear - math.log(5.0), number, number - 5.0]
    said = ["log price", "log price beside the usual", *RULE_FEATURES, *TOWER_FEATURES]
    np.testing.assert_allclose(found[:, [names.index(name) for name in said]], np.stack(last, axis=1), atol=1e-5)
    np.testing.assert_allclose(found[:, [names.index(name) for name in PRODUCT_STATISTICS]], STATISTICS)


@pytest.mark.parametrize("event_types", [1, 3])
def test_every_feature_has_a_name_of_its_own_and_those_of_rules_go_with_them(event_types: int) -> None:
    features = describer(event_types)
    with_rules, without = features.names(with_rules=True), features.names(with_rules=False)
    assert len(with_rules) == len(set(with_rules)) == compute([[0]], [[0]], [[1.0]], event_types).shape[-1]
    assert [name for name in with_rules if name not in RULE_FEATURES] == list(without)
    assert {*RULE_FEATURES, *TOWER_FEATURES} <= {*with_rules}


def test_names_tell_what_was_counted() -> None:
    names, found = describer().names(with_rules=True), compute([[0, 0, 3]], [[0] * 3], [[80.0, 10.0, 3.0]])[0]
    said = dict(zip(names, found[0].tolist(), strict=True))
    assert said["product: events"] == pytest.approx(math.log1p(2))
    assert said["product: days since the last"] == pytest.approx(math.log1p(10.0))
    assert said["product: days between"] == pytest.approx(math.log1p(70.0))
    assert said["product: events since the last"] == pytest.approx(math.log1p(1.0))
    assert (said["product: had"], said["product: had again"]) == (1.0, 1.0)
    assert said["user: events"] == pytest.approx(math.log1p(3))
    assert said["user: events, fading in 10 weeks"] == pytest.approx(
        math.log1p(sum(math.exp(-days / 70.0) for days in (80.0, 10.0, 3.0))), rel=1e-5
    )


def test_each_event_type_is_counted() -> None:
    one = compute([[2, 2]], [[0, 0]], [[7.0, 7.0]], event_types=1)
    two = compute([[2, 2]], [[0, 1]], [[7.0, 7.0]], event_types=2)
    assert two.shape[-1] - one.shape[-1] == 2 * 4  # Two types in three groups and in the user's total.
    np.testing.assert_allclose(two[0, 2, 7:9], [math.log1p(math.exp(-0.1))] * 2, rtol=1e-5)


@pytest.mark.parametrize("width", [1, 3])
def test_an_empty_history_is_described_with_finite_numbers(width: int) -> None:
    found = compute([[-1] * width], [[0] * width], [[0.0] * width])
    assert np.isfinite(found).all()
