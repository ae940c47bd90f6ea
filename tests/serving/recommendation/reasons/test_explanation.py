"""Reasons add up to the score that an answer has, and name what the history holds."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.time_units import DAY_SECONDS
from serving.recommendation.adjustment import Adjustment
from serving.recommendation.catalogue import ServedCatalogue
from serving.recommendation.module import RecommendationModule
from serving.recommendation.neighbours import NeighbourTable
from serving.recommendation.ranker import CandidateCounts, RankingModel
from serving.recommendation.ranking_features import PRODUCT_STATISTICS, RankedProducts
from serving.recommendation.together import ServedRules

PRODUCTS, WIDTH = 30, 6
RANDOM = np.random.default_rng(4)
IDS = [f"P{number:02d}".encode() for number in range(PRODUCTS)]
TITLES = [b"" if number == 3 else f"tea {number}".encode() for number in range(PRODUCTS)]
RULES = ServedRules(
    antecedent=[[1], [2], [1]],
    consequent=[7, 7, 9],
    confidence=[0.5, 0.25, 0.3],
    lift=[3.0, 2.0, 2.0],
    strength=[1.0] * 3,
)


def bent(features: tf.Tensor) -> tf.Tensor:
    """A scorer in which features do not simply add up."""
    weights = np.random.default_rng(5).normal(size=(features.shape[-1], 4)).astype(np.float32) / 4
    return tf.reduce_sum(tf.nn.gelu(tf.tensordot(features, tf.constant(weights), 1)), axis=-1)


def module(*, ranked: bool = True, kind_penalty: float = 0.0) -> RecommendationModule:
    """A shop with two kinds and brands, whose user tower takes the mean of the latest vectors."""
    vectors = RANDOM.normal(size=(PRODUCTS, 8)).astype(np.float32)
    ranking = RankingModel(
        products=RankedProducts(
            kinds=np.arange(PRODUCTS) % 3, brands=np.arange(PRODUCTS) % 4, log_prices=RANDOM.random(PRODUCTS)
        ),
        statistics=RANDOM.random((PRODUCTS, len(PRODUCT_STATISTICS))).astype(np.float32),
        neighbours=NeighbourTable(
            products=(np.arange(PRODUCTS)[:, None] + [1, 2]) % PRODUCTS, weights=np.tile([0.6, 0.3], (PRODUCTS, 1))
        ),
        candidates=CandidateCounts(near=PRODUCTS, neighbours=4, popular=4, rules=2),
        rules=RULES,
        adjustment=Adjustment(popularity_damping=0.7, kind_penalty=kind_penalty),
        scorer=bent,
    )
    return RecommendationModule(
        ServedCatalogue(
            product_ids=IDS,
            titles=TITLES,
            categories=[b""] * PRODUCTS,
            prices=np.full(PRODUCTS, 2.0),
            in_stock=np.ones(PRODUCTS, bool),
            popularity=np.arange(PRODUCTS),
            tower_vectors=vectors[:, :5],
            linear_vectors=vectors[:, 5:],
            text_vectors=np.zeros((PRODUCTS, 0)),
            recommendable=np.ones(PRODUCTS, bool),
            thing_of_product=np.arange(PRODUCTS),
        ),
        event_types=["view", "purchase", "wish"],
        bought_event_type="purchase",
        history_length=WIDTH,
        tower_history=3,
        default_k=PRODUCTS,
        user_encoder=lambda vectors, types, gaps, mask: tf.cumsum(vectors, axis=1) / 3.0,
        ranking=ranking if ranked else None,
    )


def history(rows: list[list[tuple[int, str, float]]]) -> dict[str, tf.Tensor]:
    """Histories of product, type and age in days."""
    padded = [[*row, *[(-1, "", 0.0)] * (WIDTH - len(row))] for row in rows]
    return {
        "history_ids": tf.constant(
            [[IDS[product] if product >= 0 else b"" for product, _, _ in row] for row in padded]
        ),
        "history_types": tf.constant([[kind for _, kind, _ in row] for row in padded]),
        "history_age_seconds": tf.constant([[age * DAY_SECONDS for _, _, age in row] for row in padded]),
    }


USER = [(1, "purchase", 30.5), (2, "view", 20.5), (7, "purchase", 9.5), (1, "purchase", 4.5), (7, "view", 1.5)]
ROWS = [USER, [(3, "wish", 1.2)], [(2, "view", 0.0)], []]


@pytest.mark.parametrize("options", [{}, {"kind_penalty": 0.4}, {"ranked": False}])
def test_attributions_add_up_to_the_score_of_an_answer(options: dict[str, Any]) -> None:
    shop = module(**options)
    answer = shop.recommend(**history(ROWS))
    for place in (0, 17):
        found = shop.explain(**history(ROWS), product_id=answer["product_ids"][:, place])
        np.testing.assert_allclose(tf.reduce_sum(found["attributions"], 1), answer["scores"][:, place], atol=1e-3)
        np.testing.assert_allclose(found["score"], answer["scores"][:, place], atol=1e-3)
        strengths = np.abs(found["attributions"][:, :-2])
        assert (np.diff(strengths, axis=1) <= 0).all()


def test_reasons_say_what_was_done_and_when() -> None:
    found = module().explain(**history(ROWS), product_id=tf.constant([b"P07", b"P04", b"P04", b"P05"]))
    reasons = [[text.decode() for text in row if text] for row in found["reasons"].numpy()]
    assert any(text.startswith("bought tea 1 2 times, last 4 days ago (") for text in reasons[0])
    # Of a product that was bought, the purchase counts and not the view after it.
    assert "bought tea 7, 9 days ago" in reasons[0]
    assert any(text.startswith("looked at tea 2, 20 days ago (") for text in reasons[0])
    # Without a title by the id, and another type by its name.
    assert any(text.startswith("wish of P03, yesterday (") for text in reasons[1])
    # No age is known.
    assert any(text.startswith("looked at tea 2 (") for text in reasons[2])
    assert reasons[3] == ["sells well"]
    about = dict(zip(found["reasons"][0].numpy(), found["about_ids"][0].numpy(), strict=True))
    assert about[b"bought tea 7, 9 days ago"] == b"P07"


def test_an_unknown_product_has_no_reasons() -> None:
    found = module().explain(**history([USER]), product_id=tf.constant([b"gone"]))
    assert not np.any(found["attributions"])
    assert set(found["reasons"].numpy().ravel()) == set(found["about_ids"].numpy().ravel()) == {b""}


def test_a_row_is_explained_alone_as_in_a_batch() -> None:
    shop, asked = module(), tf.constant([b"P07", b"P04", b"P04", b"P05"])
    together = shop.explain(**history(ROWS), product_id=asked)
    for row in range(len(ROWS)):
        alone = shop.explain(**history(ROWS[row : row + 1]), product_id=asked[row : row + 1])
        np.testing.assert_allclose(alone["attributions"][0], together["attributions"][row], atol=1e-4)
        assert list(alone["reasons"][0].numpy()) == list(together["reasons"][row].numpy())
