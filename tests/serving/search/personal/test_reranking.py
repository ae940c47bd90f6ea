"""Features against NumPy, and the order of what is reranked."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.history import History
from serving.search.personal.asked_before import AskedBefore, AskedQueries
from serving.search.personal.features import PersonalFeatures, PersonalProducts, part_of_feature
from serving.search.personal.reranking import RERANKED, PersonalModel, PersonalReranker
from serving.search.things import Found

RANDOM = np.random.default_rng(3)
PRODUCTS, DIMENSIONS = 12, 5


def unit(rows: int) -> np.ndarray:
    vectors = RANDOM.normal(size=(rows, DIMENSIONS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS, ASKED_VECTORS, QUERIES = unit(PRODUCTS), unit(15), unit(2)
ASKED = AskedQueries(
    vectors=ASKED_VECTORS,
    products=np.where(RANDOM.random((15, 4)) < 0.3, -1, RANDOM.integers(0, PRODUCTS, (15, 4))),
    weights=RANDOM.random((15, 4)).astype(np.float32) * 5,
)
PRICES = np.where(np.arange(PRODUCTS) % 5 == 0, np.nan, RANDOM.uniform(1, 50, PRODUCTS))
RATINGS = np.where(np.arange(PRODUCTS) % 4 == 0, np.nan, RANDOM.uniform(1, 5, PRODUCTS))
CATALOGUE = PersonalProducts(
    kinds=np.arange(PRODUCTS) % 3,
    brands=np.arange(PRODUCTS) % 4,
    prices=PRICES,
    ratings=RATINGS,
    in_stock=np.arange(PRODUCTS) % 2 == 0,
    popularity=np.arange(PRODUCTS),
)
FOUND = np.array([[3, 7, 1, 10, -1], [0, 5, -1, -1, -1]], np.int32)
SCORES = np.array([[2.0, 1.5, 1.0, 0.5, -np.inf], [0.7, 0.2, -np.inf, -np.inf, -np.inf]], np.float32)
HISTORY = History(
    tf.constant([[7, -1, 4, 7], [-1, -1, -1, -1]], tf.int32),
    tf.zeros([2, 4], tf.int32),
    tf.constant([[9e6, 0.0, 3e6, 1e5]] * 2),
)


def vectors_of(products: tf.Tensor) -> tf.Tensor:
    return tf.where((products >= 0)[..., None], tf.gather(VECTORS, tf.maximum(products, 0)), 0.0)


def features_of() -> PersonalFeatures:
    return PersonalFeatures(CATALOGUE, AskedBefore(ASKED), vectors_of)


def test_what_was_chosen_of_like_queries_counts_by_how_alike_they_are() -> None:
    found = AskedBefore(ASKED).scores(tf.constant(QUERIES), tf.constant(FOUND)).numpy()
    for row, query in enumerate(QUERIES):
        cosines = ASKED_VECTORS @ query
        expected = np.zeros(FOUND.shape[1])
        for other in np.argsort(-cosines)[:10]:
            for product, weight in zip(ASKED.products[other], ASKED.weights[other], strict=True):
                expected += (
                    (FOUND[row] == product) * (product >= 0) * np.log1p(weight) * np.exp((cosines[other] - 1) / 0.1)
                )
        np.testing.assert_allclose(found[row], expected, rtol=1e-4)


def test_features_of_the_shopper_equal_numpy() -> None:
    features = features_of()
    names = features.names()
    values = features.describe(tf.constant(QUERIES), tf.constant(FOUND), tf.constant(SCORES), HISTORY).numpy()
    assert values.shape == (*FOUND.shape, len(names))
    assert np.isfinite(values).all()
    told = dict(zip(names, np.moveaxis(values, -1, 0), strict=True))
    weights = {7: np.exp(-9e6 / 12_096_000) + np.exp(-1e5 / 12_096_000), 4: np.exp(-3e6 / 12_096_000)}
    total = sum(weights.values())
    there = FOUND[0][:4]
    taste = sum(weight * VECTORS[product] for product, weight in weights.items())
    alike = VECTORS[there] @ taste / np.linalg.norm(taste)
    np.testing.assert_allclose(told["taste beside the mean"][0][:4], alike - alike.mean(), atol=1e-5)
    had = [np.log1p(weights.get(product, 0.0)) for product in there]
    np.testing.assert_allclose(told["had before"][0][:4], had, atol=1e-5)
    kinds = [sum(w for p, w in weights.items() if p % 3 == one % 3 and one % 3) / total for one in there]
    np.testing.assert_allclose(told["share of the category"][0][:4], kinds, atol=1e-5)
    usual = sum(weight * np.log(PRICES[product]) for product, weight in weights.items()) / total
    far = [0.0 if np.isnan(PRICES[one]) else abs(np.log(PRICES[one]) - usual) for one in there]
    np.testing.assert_allclose(told["price beside the usual"][0][:4], far, atol=1e-5)
    np.testing.assert_allclose(told["score beside the best"][0][:4], SCORES[0][:4] - 2.0, atol=1e-6)
    # Nothing is known of the other one.
    for name in names[names.index("taste beside the mean") :]:
        np.testing.assert_array_equal(told[name][1][:2], 0.0)


class ByPrice:
    """A scorer that reads one feature."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.features, self._place = names, names.index("popularity")

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        return features[..., self._place]


def reranker(scorer: Any, reach: float = float("inf")) -> PersonalReranker:
    model = PersonalModel(
        products=CATALOGUE,
        asked=ASKED,
        event_types=("view", "purchase"),
        bought_event_type="purchase",
        history_length=4,
        reach=reach,
        scorer=scorer,
    )
    return PersonalReranker(model, vectors_of)


def test_the_best_are_reordered_and_what_is_named_stays_first() -> None:
    ranked = reranker(ByPrice(features_of().names()))
    found = Found(tf.constant(SCORES), tf.constant(FOUND), tf.constant(FOUND + 100))
    plain = ranked.rerank(tf.constant(QUERIES), found, HISTORY, tf.constant([[-1], [-1]]))
    assert plain.products.numpy().tolist() == [[10, 7, 3, 1, -1], [5, 0, -1, -1, -1]]
    assert (plain.things.numpy()[plain.products >= 0] == plain.products.numpy()[plain.products >= 0] + 100).all()
    assert np.isneginf(plain.scores.numpy()[FOUND < 0]).all()
    assert (np.diff(plain.scores[0][:4]) <= 0).all()
    named = ranked.rerank(tf.constant(QUERIES), found, HISTORY, tf.constant([[1], [0]]))
    assert named.products.numpy().tolist() == [[1, 10, 7, 3, -1], [0, 5, -1, -1, -1]]


def test_what_the_search_is_sure_of_stays() -> None:
    ranked = reranker(ByPrice(features_of().names()), reach=0.6)
    found = Found(tf.constant(SCORES), tf.constant(FOUND), tf.constant(FOUND))
    again = ranked.rerank(tf.constant(QUERIES), found, HISTORY, tf.constant([[-1], [-1]]))
    # Within 0.6 of the best are 3 and 7, then comes 1, and 10 in a step of its own.
    assert again.products.numpy().tolist() == [[7, 3, 1, 10, -1], [5, 0, -1, -1, -1]]
    assert (np.diff(again.scores[0][:4]) <= 0).all()


def test_what_stands_behind_the_reordered_stays_behind() -> None:
    width = RERANKED + 5
    products = np.tile(np.arange(width, dtype=np.int32) % PRODUCTS, (1, 1))
    scores = np.linspace(5, 1, width, dtype=np.float32)[None]
    found = Found(tf.constant(scores), tf.constant(products), tf.constant(products))
    one = tf.constant(QUERIES[:1])
    history = History(*(each[:1] for each in HISTORY))
    again = reranker(ByPrice(features_of().names())).rerank(one, found, history, tf.constant([[-1]]))
    assert again.products[0, RERANKED:].numpy().tolist() == products[0, RERANKED:].tolist()
    assert (np.diff(again.scores[0]) <= 0).all()


def test_every_feature_is_about_something_that_people_know() -> None:
    about = {name: part_of_feature(name) for name in features_of().names()}
    assert about["score"] == about["meaning beside the best"] == about["rank"] == "how well it fits the query"
    assert about["share of the brand beside the mean"] == "what the shopper has of its brand"
    assert len({*about.values()}) == 12


def test_a_scorer_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="was taught the features score"):
        reranker(ByPrice(("score", "popularity")))
