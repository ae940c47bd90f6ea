"""What the reranker of searches is told of a product, a query and a shopper, in plain TensorFlow ops."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.history import History
from serving.graph.time_units import WEEK_SECONDS
from serving.search.personal.asked_before import AskedBefore

# An event of a history weighs exp(-age / 20 weeks), as in recommendation.
_DECAY_WEEKS = 20.0
# What is said of the price of a product, or of a shopper's usual one, that is not known.
_UNKNOWN_PRICE = 0.0

# What the features are about, in people's words.
_PARTS = {
    "how well it fits the query": ("score", "meaning", "rank"),
    "what was chosen of like queries": ("asked before",),
    "how often it is chosen at all": ("popularity", "popularity beside the mean"),
    "its rating": ("rating",),
    "whether it is in stock": ("in stock",),
    "its price beside the others": ("price beside the mean",),
    "whether it is like what the shopper had": ("taste beside the mean",),
    "whether the shopper had it before": ("had before",),
    "what the shopper has of its category": ("share of the category", "share of the category beside the mean"),
    "what the shopper has of its brand": ("share of the brand", "share of the brand beside the mean"),
    "its price beside what the shopper pays": ("price beside the usual", "price beside the usual and the mean"),
    "how much the shopper does at all": ("events of the shopper",),
}


@dataclass(frozen=True, kw_only=True)
class PersonalProducts:
    """What the reranker knows of the products; row i of every field is product i.

    Attributes:
        kinds: int `(products,)`; number of the category, 0 for none.
        brands: int `(products,)`; number of the brand, 0 for none.
        prices: float `(products,)`; NaN for unknown.
        ratings: float `(products,)`; NaN for unknown.
        in_stock: bool `(products,)`.
        popularity: float `(products,)`, at least 0: how much it was chosen, whatever was asked.
    """

    kinds: ArrayLike
    brands: ArrayLike
    prices: ArrayLike
    ratings: ArrayLike
    in_stock: ArrayLike
    popularity: ArrayLike


class PersonalFeatures(tf.Module):
    """Describes the best things of a query to the reranker.

    Of the search: its score, and the part of it by meaning, each by itself and beside the best; the rank. Of like
    queries: what was chosen of them. Of the product: how much it is chosen, its price beside those of the others, its
    rating, whether it is in stock. Of the shopper: how alike the product's text and those of the history are, beside
    the mean of the others; how often and of late it was had; the share of the history that is of its category and of
    its brand; how far its price is from the usual one. Without a history all of the last are 0.

    Args:
        products: What is known of the products.
        asked: What was chosen of queries.
        vectors_of: Maps int32 products of any shape to the vectors of their texts; zeros for -1.
    """

    def __init__(
        self, products: PersonalProducts, asked: AskedBefore, vectors_of: Callable[[tf.Tensor], tf.Tensor]
    ) -> None:
        super().__init__(name="personal_features")
        self._asked, self._vectors_of = asked, vectors_of
        prices = np.asarray(products.prices, np.float64)
        known = np.isfinite(prices) & (prices > 0.0)
        log_prices = np.where(known, np.log(np.where(known, prices, 1.0)), 0.0)
        ratings = np.asarray(products.ratings, np.float64)
        rated = np.isfinite(ratings)
        usual = float(ratings[rated].mean()) if rated.any() else 0.0
        columns = {
            "log price": log_prices,
            "priced": known,
            "rating": np.where(rated, ratings, usual),
            "in stock": np.asarray(products.in_stock, bool),
            "popularity": np.log1p(np.maximum(np.asarray(products.popularity, np.float64), 0.0)),
        }
        self._columns = {name: _variable(values, np.float32) for name, values in columns.items()}
        self._kinds, self._brands = _variable(products.kinds, np.int32), _variable(products.brands, np.int32)

    def names(self) -> tuple[str, ...]:
        """Returns what each feature says, in their order."""
        none = tf.zeros([1, 1], tf.int32)
        history = History(none - 1, none, tf.zeros([1, 1]))
        vectors = tf.zeros([1, int(self._vectors_of(none).shape[-1])])
        return tuple(name for name, _ in self._described(vectors, none, tf.zeros([1, 1]), history))

    def describe(self, queries: tf.Tensor, products: tf.Tensor, scores: tf.Tensor, history: History) -> tf.Tensor:
        """Computes the features.

        Args:
            queries: float32 `(batch, dimensions)` query vectors of length 1.
            products: int32 `(batch, n)`, the best first; -1 for none, and what is said of it means nothing.
            scores: float32 `(batch, n)`: what the search says; -inf where there is none.
            history: Of each shopper, `(batch, width)`.

        Returns:
            float32 `(batch, n, features)`.
        """
        return tf.stack([values for _, values in self._described(queries, products, scores, history)], axis=-1)

    def _described(
        self, queries: tf.Tensor, products: tf.Tensor, scores: tf.Tensor, history: History
    ) -> Iterator[tuple[str, tf.Tensor]]:
        there = products >= 0
        wanted = tf.maximum(products, 0)
        vectors = self._vectors_of(products)
        scores = tf.where(there, scores, 0.0)
        meaning = tf.einsum("bd,bnd->bn", queries, vectors)
        asked = self._asked.scores(queries, products)
        for name, values in (("score", scores), ("meaning", meaning), ("asked before", asked)):
            yield name, values
            yield f"{name} beside the best", values - _best(values, there)
        yield "rank", tf.math.log1p(tf.cast(tf.range(tf.shape(products)[1]), tf.float32)) * tf.ones_like(scores)
        column = {name: tf.gather(values, wanted) for name, values in self._columns.items()}
        yield "popularity", column["popularity"]
        yield "popularity beside the mean", column["popularity"] - _mean(column["popularity"], there)
        yield "rating", column["rating"]
        yield "in stock", column["in stock"]
        priced = column["priced"] > 0.0
        beside = column["log price"] - _mean(column["log price"], there & priced)
        yield "price beside the mean", tf.where(priced, beside, _UNKNOWN_PRICE)
        yield from self._of_shopper(products, vectors, column["log price"], priced, history)

    def _of_shopper(
        self,
        products: tf.Tensor,
        vectors: tf.Tensor,
        log_price: tf.Tensor,
        priced: tf.Tensor,
        history: History,
    ) -> Iterator[tuple[str, tf.Tensor]]:
        there, wanted, had = products >= 0, tf.maximum(products, 0), history.products >= 0
        past = tf.maximum(history.products, 0)
        weights = tf.where(had, tf.exp(-history.age_seconds / (_DECAY_WEEKS * WEEK_SECONDS)), 0.0)
        total = tf.reduce_sum(weights, axis=1, keepdims=True)
        shares = tf.math.divide_no_nan(weights, total)
        taste = tf.einsum("bw,bwd->bd", shares, self._vectors_of(history.products))
        alike = tf.einsum("bd,bnd->bn", tf.math.l2_normalize(taste, axis=1, epsilon=1e-9), vectors)
        yield "taste beside the mean", alike - _mean(alike, there)
        same = tf.cast(products[:, :, tf.newaxis] == history.products[:, tf.newaxis, :], tf.float32)
        yield "had before", tf.math.log1p(tf.einsum("bnw,bw->bn", same, weights))
        for name, numbers in (("category", self._kinds), ("brand", self._brands)):
            own = tf.gather(numbers, wanted)[:, :, tf.newaxis]
            alike = (own == tf.gather(numbers, past)[:, tf.newaxis, :]) & (own > 0)
            share = tf.einsum("bnw,bw->bn", tf.cast(alike, tf.float32), shares)
            yield f"share of the {name}", share
            yield f"share of the {name} beside the mean", share - _mean(share, there)
        known = weights * tf.gather(self._columns["priced"], past)
        sums = tf.reduce_sum(known, axis=1, keepdims=True)
        usual = tf.math.divide_no_nan(
            tf.reduce_sum(known * tf.gather(self._columns["log price"], past), axis=1, keepdims=True), sums
        )
        distance = tf.where(priced & (sums > 0.0), tf.abs(log_price - usual), _UNKNOWN_PRICE)
        yield "price beside the usual", distance
        yield "price beside the usual and the mean", distance - _mean(distance, there)
        yield "events of the shopper", tf.math.log1p(total) * tf.ones_like(log_price)


def part_of_feature(name: str) -> str:
    """Returns what a feature is about, in people's words."""
    return next(said for said, names in _PARTS.items() if name.removesuffix(" beside the best") in names)


def _best(values: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
    """Returns the highest value of each row, `(batch, 1)`; 0 where there is none."""
    best = tf.reduce_max(tf.where(there, values, tf.float32.min), axis=1, keepdims=True)
    return tf.where(tf.reduce_any(there, axis=1, keepdims=True), best, 0.0)


def _mean(values: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
    """Returns the mean of each row, `(batch, 1)`; 0 where there is none."""
    counts = tf.cast(there, tf.float32)
    total = tf.reduce_sum(values * counts, axis=1, keepdims=True)
    return tf.math.divide_no_nan(total, tf.reduce_sum(counts, axis=1, keepdims=True))


def _variable(values: ArrayLike, dtype: type[np.generic]) -> tf.Variable:
    return tf.Variable(np.asarray(values).astype(dtype), trainable=False)
