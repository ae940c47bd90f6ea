"""What a merchant bans and pins, in the signatures of recommendation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from serving.merchant.word import MerchantWord, Pin, Relation
from serving.recommendation.catalogue import ServedCatalogue
from serving.recommendation.module import RecommendationModule
from serving.recommendation.together import ServedRules
from tests.serving.recommendation.small_shop import Ask, filtered_inputs, history_inputs

IDS = [b"a", b"b", b"c", b"d", b"e", b"f"]
PINS = [
    Pin(product_id=b"f", place=1),
    Pin(product_id=b"b"),
    Pin(product_id=b"d", query="tea", place=1),
    Pin(product_id=b"e", category="Tea", place=2),
    Pin(product_id=b"c", category="Pots"),
]


def module(pins: Sequence[Pin] = (), relations: Sequence[Relation] = ()) -> RecommendationModule:
    angles = np.arange(6.0) / 8
    return RecommendationModule(
        ServedCatalogue(
            product_ids=IDS,
            titles=IDS,
            categories=[b"Tea"] * 6,
            prices=np.ones(6),
            in_stock=np.ones(6, bool),
            popularity=np.arange(6, 0, -1),
            tower_vectors=np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),
            linear_vectors=np.zeros((6, 0)),
            text_vectors=np.zeros((6, 0)),
            recommendable=np.ones(6, bool),
            thing_of_product=np.arange(6),
        ),
        event_types=["view"],
        bought_event_type="view",
        history_length=3,
        tower_history=3,
        default_k=4,
        user_encoder=lambda vectors, types, gaps, mask: vectors,
        together=ServedRules(
            antecedent=[[0], [0]], consequent=[1, 2], confidence=[0.5] * 2, lift=[2.0] * 2, strength=[2.0, 1.0]
        ),
        merchant=MerchantWord(pins=pins, relations=relations),
    )


def ids(answer: dict[str, tf.Tensor]) -> list[str]:
    return [product.decode() for product in answer["product_ids"].numpy()[0] if product]


def filtered(said: RecommendationModule, **options: Any) -> dict[str, tf.Tensor]:
    inputs = filtered_inputs([Ask(["a"], k=6, **options)])
    inputs |= history_inputs([Ask(["a"])], 3)
    return said.recommend_filtered(**{name: tf.constant(value) for name, value in inputs.items()})


def test_pins_and_bans_hold_in_all_signatures() -> None:
    said, plain = module(PINS), module()
    history = {name: tf.constant(value) for name, value in history_inputs([Ask(["a"]), Ask()], 3).items()}
    assert ids(plain.recommend(**history)) == ["a", "b", "c", "d"]
    answer = said.recommend(**history)
    assert answer["product_ids"].numpy().tolist() == [[b"f", b"a", b"c", b"d"]] * 2
    assert answer["pinned"].numpy().tolist() == [[True, False, False, False]] * 2
    assert not plain.recommend(**history)["pinned"].numpy().any()
    assert ids(filtered(said)) == ["f", "a", "c", "d", "e"]
    in_tea = filtered(said, category="Tea")
    assert ids(in_tea) == ["f", "e", "a", "c", "d"]
    assert in_tea["pinned"].numpy()[0].tolist() == [True, True, False, False, False, False]
    assert (np.diff(in_tea["scores"].numpy()[0, :5]) <= 0.0).all()
    assert ids(filtered(said, exclude=["f"])) == ["a", "c", "d", "e"]
    # What rankings are judged by, has neither.
    evaluated = said.evaluate(
        **{name: tf.constant(value) for name, value in filtered_inputs([Ask(["a"], k=6)]).items()}
    )
    assert ids(evaluated) == ["a", "b", "c", "d", "e", "f"]
    k = tf.constant([6])
    assert ids(said.similar_products(tf.constant(["a"]), k)) == ["c", "d", "e", "f"]
    basket = tf.constant([["a", *[""] * 9]])
    assert ids(plain.bought_together(basket, k))[:2] == ["b", "c"]
    assert "b" not in ids(said.bought_together(basket, k))
    assert "b" not in ids(said.complements(tf.constant(["a"]), k))


def test_relations_come_first_and_variants_do_not_come() -> None:
    relations = [
        Relation(b"f", b"a", "accessory"),
        Relation(b"e", b"a", "accessory"),
        Relation(b"e", b"a", "replaces"),
        Relation(b"a", b"b", "variant"),
        Relation(b"gone", b"a", "replaces"),
    ]
    said, k = module(relations=relations), tf.constant([4, 4])
    similar = said.similar_products(tf.constant(["a", "b"]), k)
    assert similar["product_ids"].numpy().tolist() == [[b"e", b"c", b"d", b"f"], [b"c", b"d", b"e", b"f"]]
    assert similar["pinned"].numpy().tolist() == [[True, False, False, False], [False] * 4]
    basket = tf.constant([["a", *[""] * 9], ["b", "a", *[""] * 8]])
    together = said.bought_together(basket, k)
    assert together["product_ids"].numpy()[:, :3].tolist() == [[b"f", b"e", b"b"], [b"f", b"e", b"c"]]
    assert together["source"].numpy()[0, :3].tolist() == [b"merchant", b"merchant", b"product rules"]
    # A ban is stronger.
    banned = module([Pin(product_id=b"f")], relations)
    assert ids(banned.bought_together(basket, k))[:2] == ["e", "b"]
