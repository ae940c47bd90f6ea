"""Association rules inside the graph: what is bought together with some products."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

# Products that a request may ask with.
MAX_TOGETHER_IDS = 10


@dataclass(frozen=True, kw_only=True)
class ServedRules:
    """Association rules, in any order; products are rows of the catalogue.

    Attributes:
        antecedent: int `(rules, members)`; the products that a rule begins with, -1 for none. Its first column holds
            the member that the rule is found by, and no -1.
        consequent: int `(rules,)`; the product that goes with them.
        confidence: float `(rules,)`.
        lift: float `(rules,)`.
        strength: float `(rules,)`, finite; what rules are ordered by.
    """

    antecedent: ArrayLike
    consequent: ArrayLike
    confidence: ArrayLike
    lift: ArrayLike
    strength: ArrayLike


class FoundProducts(NamedTuple):
    """Products bought together with those of each request, the strongest rule first.

    Attributes:
        products: int32 `(batch, k)`; -1 where there are fewer.
        confidence: float32 `(batch, k)`; any value there.
        lift: float32 `(batch, k)`; any value there.
        strength: float32 `(batch, k)`; -inf there.
    """

    products: tf.Tensor
    confidence: tf.Tensor
    lift: tf.Tensor
    strength: tf.Tensor


class TogetherIndex(tf.Module):
    """Finds the rules of products. A request costs time in proportion to its products times the most rules of one.

    Args:
        rules: The rules.
        products: Number of products of the catalogue.
    """

    def __init__(self, rules: ServedRules, products: int) -> None:
        super().__init__(name="together")
        antecedent = np.asarray(rules.antecedent, dtype=np.int32)
        strength = np.asarray(rules.strength, dtype=np.float32)
        order = np.lexsort((np.asarray(rules.consequent), -strength, antecedent[:, 0]))
        counts = np.bincount(antecedent[:, 0], minlength=products)
        # A row that is never asked for keeps the tables from being empty, which `tf.gather` refuses.
        self._first = table_variable(np.cumsum(counts) - counts, tf.int32, "first_rule")
        self._count = table_variable(counts, tf.int32, "rule_count")
        self._antecedent = table_variable(
            np.vstack([antecedent[order], [[-1] * antecedent.shape[1]]]), tf.int32, "members"
        )
        self._consequent = table_variable(np.append(np.asarray(rules.consequent)[order], -1), tf.int32, "consequent")
        self._confidence = table_variable(np.append(np.asarray(rules.confidence)[order], 0), tf.float32, "confidence")
        self._lift = table_variable(np.append(np.asarray(rules.lift)[order], 0), tf.float32, "lift")
        self._strength = table_variable(np.append(strength[order], 0), tf.float32, "strength")
        self._width = max(1, int(counts.max(initial=0)))
        self._last = len(antecedent)
        self._products = products

    def find(self, products: tf.Tensor, k: tf.Tensor) -> FoundProducts:
        """Finds the `k` strongest products that go with some products; no more columns than there are products.

        Args:
            products: int32 `(batch, n)`; -1 for none. A product may be there more than once.
            k: int32; below 0 counts as 0.
        """
        k = tf.clip_by_value(k, 0, self._products)
        asked = tf.maximum(products, 0)
        place = tf.range(self._width)
        there = (place < tf.gather(self._count, asked)[..., tf.newaxis]) & (products >= 0)[..., tf.newaxis]
        rule = tf.where(there, tf.gather(self._first, asked)[..., tf.newaxis] + place, self._last)
        rule = tf.reshape(rule, [tf.shape(products)[0], products.shape[1] * self._width])
        consequent = tf.gather(self._consequent, rule)
        members = tf.gather(self._antecedent, rule)
        whole = tf.reduce_all((members < 0) | _is_among(members, products), axis=-1)
        valid = (rule < self._last) & whole & ~_is_among(consequent, products)
        strength = tf.where(valid, tf.gather(self._strength, rule), -np.inf)
        # Stable, so that of equally strong rules the first one asked for comes first.
        order = tf.argsort(strength, direction="DESCENDING", stable=True)
        rule, consequent, strength = (tf.gather(each, order, batch_dims=1) for each in (rule, consequent, strength))
        strength = tf.where(_repeats(consequent), -np.inf, strength)
        best, chosen = tf.math.top_k(strength, tf.minimum(k, tf.shape(strength)[1]))
        padding = [[0, 0], [0, tf.maximum(k - tf.shape(strength)[1], 0)]]
        rule = tf.gather(rule, chosen, batch_dims=1)
        found = tf.where(best > -np.inf, tf.gather(consequent, chosen, batch_dims=1), -1)
        return FoundProducts(
            products=tf.pad(found, padding, constant_values=-1),
            confidence=tf.pad(tf.gather(self._confidence, rule), padding),
            lift=tf.pad(tf.gather(self._lift, rule), padding),
            strength=tf.pad(best, padding, constant_values=-np.inf),
        )


def table_variable(values: np.ndarray, dtype: tf.DType, name: str) -> tf.Variable:
    """Returns what a table of rules is saved as."""
    return tf.Variable(tf.constant(values, dtype), trainable=False, name=name)


def _is_among(values: tf.Tensor, products: tf.Tensor) -> tf.Tensor:
    """Says of `(batch, …)` values whether they are among a row's products `(batch, n)`."""
    shape = tf.concat([tf.shape(products)[:1], [1] * (len(values.shape) - 1), tf.shape(products)[1:]], axis=0)
    return tf.reduce_any(values[..., tf.newaxis] == tf.reshape(products, shape), axis=-1)


def _repeats(values: tf.Tensor) -> tf.Tensor:
    """Says of each value of a row, `(batch, n)`, whether an equal one stands before it."""
    place = tf.range(tf.shape(values)[1])
    before = place[tf.newaxis, :] < place[:, tf.newaxis]
    return tf.reduce_any(before & (values[:, :, tf.newaxis] == values[:, tf.newaxis, :]), axis=-1)
