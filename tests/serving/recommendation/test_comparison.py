"""Systems that are compared answer what each of them does alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.filters import not_listed
from serving.graph.history import History
from serving.index.exact import ExactIndex
from serving.recommendation.adjustment import UNCHANGED, Adjustment
from serving.recommendation.comparison import ComparedSystem, Comparison, systems_of
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import CandidateCounts, Ranker, RankingModel
from serving.recommendation.ranking_features import RankedProducts
from serving.recommendation.recommendable import Recommendable
from tests.serving.recommendation.test_ranker import (
    KINDS,
    NEIGHBOURS,
    PRODUCTS,
    RULES,
    STATISTICS,
    TOWER_DIMENSIONS,
    VECTORS,
)

RANDOM = np.random.default_rng(5)
# The last user has no history. Of the others' products the first ones were only looked at.
HISTORY = History(
    tf.constant([[3, -1, 7, 3, 5], [-1, -1, 0, 1, 2], [-1] * 5], tf.int32),
    tf.constant([[0, 1, 0, 1, 1], [0, 0, 0, 1, 1], [1] * 5], tf.int32),
    tf.constant([[9.0, 0.0, 5.0, 3.0, 1.0]] * 3) * 86_400.0,
)
BOUGHT = tf.where(HISTORY.types == 1, HISTORY.products, -1)
USERS = tf.constant(RANDOM.normal(size=(3, VECTORS.shape[1])).astype(np.float32))
RECOMMENDABLE = np.arange(PRODUCTS) % 4 != 1
POPULARITY = RANDOM.permutation(PRODUCTS).astype(np.float32)
K, NOVEL_K = 5, 9
NO_SUCH = dict.fromkeys(["kinds", "brands", "log_prices"], [0] * PRODUCTS)
MODEL = RankingModel(
    products=RankedProducts(**{**NO_SUCH, "kinds": KINDS}),
    statistics=STATISTICS,
    neighbours=NEIGHBOURS,
    candidates=CandidateCounts(near=10, neighbours=2, popular=3, rules=2),
    rules=RULES,
    adjustment=Adjustment(popularity_damping=0.5, kind_penalty=0.1),
    scorer=lambda features: tf.linalg.matvec(
        tf.math.tanh(features), tf.cos(tf.range(features.shape[-1], dtype=tf.float32))
    ),
)
BY_RANKERS = {
    "without_rules": ComparedSystem(replace(MODEL, rules=None)),
    "served": ComparedSystem(MODEL),
    "unadjusted": ComparedSystem(replace(MODEL, adjustment=UNCHANGED)),
    "other_candidates": ComparedSystem(replace(MODEL, candidates=replace(MODEL.candidates, near=12, popular=1))),
    "recommendable_only": ComparedSystem(MODEL, recommendable_only=True),
    "towers": ComparedSystem(),
}
BY_TOWERS = {"towers": ComparedSystem(), "recommendable_only": ComparedSystem(recommendable_only=True)}


@pytest.mark.parametrize(("compared", "names"), [(BY_RANKERS, ()), (BY_TOWERS, ()), (BY_RANKERS, ("unadjusted",))])
def test_each_list_is_what_the_system_answers_alone(compared: dict[str, ComparedSystem], names: Sequence[str]) -> None:
    index = ItemIndex(VECTORS[:, :TOWER_DIMENSIONS], VECTORS[:, TOWER_DIMENSIONS:])
    comparison = Comparison(
        systems_of(compared, index, event_types=2),
        index=index,
        popular=ExactIndex(POPULARITY[:, np.newaxis]),
        recommendable=Recommendable(RECOMMENDABLE),
        product_ids=tf.Variable([b"any"] * PRODUCTS),
    )
    found = comparison.rank(HISTORY, USERS, BOUGHT, tf.constant(K), tf.constant(NOVEL_K), *names)
    assert set(found) == set(names or compared)
    new = not_listed(BOUGHT, PRODUCTS).numpy()
    for name, lists in found.items():
        ranking, recommendable_only = compared[name]
        for listed, width, allowed in zip(lists, (K, NOVEL_K), (np.ones_like(new), new), strict=True):
            allowed = allowed & (RECOMMENDABLE | (not recommendable_only))
            if ranking is None:
                _, expected = index.search(USERS, width, tf.constant(allowed))
            else:
                ranker = Ranker(index, ranking, event_types=2)
                _, expected = ranker.rank(HISTORY, USERS, tf.constant(width), tf.constant(allowed))
            popular = [product for product in np.argsort(-POPULARITY) if allowed[2, product]][:width]
            np.testing.assert_array_equal(listed[:2], expected[:2], err_msg=name)
            assert listed[2].numpy().tolist() == popular
