"""What is bought together with some products, by rules inside the graph."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.one_of_each import OneOfEach, values_at
from serving.recommendation.sources import SOURCES

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


@dataclass(frozen=True, kw_only=True)
class CategoryRules:
    """What is bought together with any product of a category; rules in any order, products are rows of the catalogue.

    Attributes:
        category_of_product: int `(products,)`: the category whose rules each follows, from 0 on; -1 for none.
        category: int `(rules,)`; the category that is bought.
        product: int `(rules,)`; the product that goes with it.
        confidence: float `(rules,)`.
        lift: float `(rules,)`.
        strength: float `(rules,)`, finite; what rules are ordered by.
    """

    category_of_product: ArrayLike
    category: ArrayLike
    product: ArrayLike
    confidence: ArrayLike
    lift: ArrayLike
    strength: ArrayLike


_TOWERS, _MERCHANT = SOURCES.index("towers"), SOURCES.index("merchant")


class FoundProducts(NamedTuple):
    """Products bought together with those of each request, best first; any values where there is no product.

    Attributes:
        products: int32 `(batch, k)`; -1 where there are fewer.
        confidence: float32 `(batch, k)`; 0 where no rule was followed.
        lift: float32 `(batch, k)`; 0 where no rule was followed.
        source: int32 `(batch, k)`; which of `SOURCES`.
    """

    products: tf.Tensor
    confidence: tf.Tensor
    lift: tf.Tensor
    source: tf.Tensor

    def filled(self, products: tf.Tensor, one_of_each: OneOfEach) -> "FoundProducts":
        """Returns these and behind them, up to as many columns, others that the towers found, int32 `(batch, n)`."""
        nothing = tf.zeros(tf.shape(products))
        others = FoundProducts(products, nothing, nothing, tf.fill(tf.shape(products), _TOWERS))
        every = FoundProducts(*(tf.concat(columns, axis=1) for columns in zip(self, others, strict=True)))
        return every.at(one_of_each.firsts(every.products, tf.shape(self.products)[1]))

    def after(self, products: tf.Tensor, one_of_each: OneOfEach) -> "FoundProducts":
        """Returns as many columns with products that the merchant relates, int32 `(batch, n)`, before these."""
        nothing = tf.zeros(tf.shape(products))
        related = FoundProducts(products, nothing, nothing, tf.fill(tf.shape(products), _MERCHANT))
        every = FoundProducts(*(tf.concat(columns, axis=1) for columns in zip(related, self, strict=True)))
        return every.at(one_of_each.firsts(every.products, tf.shape(self.products)[1]))

    def at(self, columns: tf.Tensor) -> "FoundProducts":
        """Returns those in int32 `(batch, width)` columns, and no product where one is under 0."""
        return FoundProducts(
            values_at(self.products, columns, -1),
            *(values_at(values, columns, 0) for values in (self.confidence, self.lift, self.source)),
        )


class TogetherIndex(tf.Module):
    """Follows rules of products, and behind them rules of their categories.

    A product counts by the strongest rule that leads to it, and rules of products come before all of categories. A
    request costs time in proportion to its products times the most rules of one product or category.

    Args:
        rules: The rules of products.
        products: Number of products of the catalogue.
        categories: The rules of categories; None for none.
    """

    def __init__(self, rules: ServedRules, products: int, categories: CategoryRules | None = None) -> None:
        super().__init__(name="together")
        antecedent = np.asarray(rules.antecedent, dtype=np.int32)
        columns = [np.asarray(each) for each in (rules.consequent, rules.confidence, rules.lift, rules.strength)]
        source = np.zeros(len(antecedent), np.int32)
        items, self._category_item = products, None
        if categories is not None:
            # A category is one more item, behind the products.
            of_product = np.asarray(categories.category_of_product, np.int32)
            items += int(of_product.max(initial=-1)) + 1
            self._category_item = table_variable(
                np.where(of_product >= 0, of_product + products, -1), tf.int32, "category_item"
            )
            members = np.full((len(np.asarray(categories.category)), antecedent.shape[1]), -1, np.int32)
            members[:, 0] = np.asarray(categories.category) + products
            antecedent = np.vstack([antecedent, members])
            others = (categories.product, categories.confidence, categories.lift, categories.strength)
            columns = [np.append(own, np.asarray(more)) for own, more in zip(columns, others, strict=True)]
            source = np.append(source, np.ones(len(members), np.int32))
        consequent, confidence, lift, strength = columns
        order = np.lexsort((consequent, -strength, source, antecedent[:, 0]))
        counts = np.bincount(antecedent[:, 0], minlength=items)
        # A row that is never asked for keeps the tables from being empty, which `tf.gather` refuses.
        self._first = table_variable(np.cumsum(counts) - counts, tf.int32, "first_rule")
        self._count = table_variable(counts, tf.int32, "rule_count")
        self._antecedent = table_variable(
            np.vstack([antecedent[order], [[-1] * antecedent.shape[1]]]), tf.int32, "members"
        )
        self._consequent = table_variable(np.append(consequent[order], -1), tf.int32, "consequent")
        self._confidence = table_variable(np.append(confidence[order], 0), tf.float32, "confidence")
        self._lift = table_variable(np.append(lift[order], 0), tf.float32, "lift")
        self._source = table_variable(np.append(source[order], 0), tf.int32, "source")
        ranks = _ranks(source, strength)
        self._no_rank = int(ranks.max(initial=-1)) + 1
        self._rank = table_variable(np.append(ranks[order], self._no_rank), tf.int32, "rank")
        self._width = max(1, int(counts.max(initial=0)))
        self._last = len(antecedent)

    def find(self, products: tf.Tensor, k: tf.Tensor, allowed: tf.Tensor, one_of_each: OneOfEach) -> FoundProducts:
        """Finds the `k` products to which the strongest rules lead; no more columns than there are things.

        Args:
            products: int32 `(batch, n)`; -1 for none. A product may be there more than once.
            k: int32; below 0 counts as 0.
            allowed: bool `(batch, products)`: what may be found.
            one_of_each: What is one thing.
        """
        k = tf.clip_by_value(k, 0, one_of_each.size)
        asked = self._items_of(products)
        item = tf.maximum(asked, 0)
        place = tf.range(self._width)
        there = (place < tf.gather(self._count, item)[..., tf.newaxis]) & (asked >= 0)[..., tf.newaxis]
        rule = tf.where(there, tf.gather(self._first, item)[..., tf.newaxis] + place, self._last)
        rule = tf.reshape(rule, [tf.shape(asked)[0], asked.shape[1] * self._width])
        consequent, members = tf.gather(self._consequent, rule), tf.gather(self._antecedent, rule)
        whole = tf.reduce_all((members < 0) | _is_among(members, asked), axis=-1)
        valid = (rule < self._last) & whole & tf.gather(allowed, tf.maximum(consequent, 0), batch_dims=1)
        # Stable, so that of equally strong rules the first one asked for comes first.
        order = tf.argsort(tf.where(valid, tf.gather(self._rank, rule), self._no_rank), stable=True)
        consequent = tf.gather(tf.where(valid, consequent, -1), order, batch_dims=1)
        rule = tf.gather(rule, order, batch_dims=1)
        columns = one_of_each.firsts(consequent, tf.minimum(k, tf.shape(rule)[1]))
        missing = tf.maximum(k - tf.shape(rule)[1], 0)
        columns = tf.pad(columns, [[0, 0], [0, missing]], constant_values=-1)
        found = (tf.gather(table, rule) for table in (self._confidence, self._lift, self._source))
        return FoundProducts(consequent, *found).at(columns)

    def _items_of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the products and behind them their categories, int32 `(batch, n or 2 n)`; -1 for none."""
        if self._category_item is None:
            return products
        categories = tf.gather(self._category_item, tf.maximum(products, 0))
        return tf.concat([products, tf.where(products >= 0, categories, -1)], axis=1)


def _ranks(source: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Returns the rank of each rule, int `(rules,)`: by source, then by falling strength; equal ones share theirs."""
    order = np.lexsort((-strength, source))
    new = np.diff(source[order], prepend=-1) + np.abs(np.diff(strength[order], prepend=np.inf)) > 0
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.cumsum(new) - 1
    return ranks


def table_variable(values: np.ndarray, dtype: tf.DType, name: str) -> tf.Variable:
    """Returns what a table of rules is saved as."""
    return tf.Variable(tf.constant(values, dtype), trainable=False, name=name)


def _is_among(values: tf.Tensor, products: tf.Tensor) -> tf.Tensor:
    """Says of `(batch, …)` values whether they are among a row's products `(batch, n)`."""
    shape = tf.concat([tf.shape(products)[:1], [1] * (len(values.shape) - 1), tf.shape(products)[1:]], axis=0)
    return tf.reduce_any(values[..., tf.newaxis] == tf.reshape(products, shape), axis=-1)
