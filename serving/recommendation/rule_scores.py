"""What association rules say of every product, given a whole history; plain TensorFlow ops."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.recommendation.together import ServedRules, table_variable


class BestRules(NamedTuple):
    """The best of the rules that lead from a history to each of some products; 0 where none does.

    Attributes:
        confidence: float32 `(batch, products)`.
        lift: float32 `(batch, products)`; of the rule with the highest lift, which may be another one.
    """

    confidence: tf.Tensor
    lift: tf.Tensor

    def of(self, products: tf.Tensor) -> "BestRules":
        """Returns those of other products, int32 `(batch, n)` places among these."""
        return BestRules(*(tf.gather(values, products, batch_dims=1) for values in self))


class RuleScores(tf.Module):
    """Follows the rules that begin with one product. A request costs time in proportion to those of its history.

    Args:
        rules: The rules; those of several members are left out, as their products are rarely all in a history by
            more than chance.
        products: Number of products of the catalogue.
    """

    def __init__(self, rules: ServedRules, products: int) -> None:
        super().__init__(name="rule_scores")
        antecedent = np.asarray(rules.antecedent, np.int32)
        single = np.flatnonzero((antecedent[:, 1:] < 0).all(axis=1))
        chosen = single[np.argsort(antecedent[single, 0], kind="stable")]
        starts = np.searchsorted(antecedent[chosen, 0], np.arange(products + 1))
        self._products = products
        self._starts = table_variable(starts, tf.int32, "first_rule")
        # A last row that no product leads to keeps the tables from being empty, which `tf.gather` refuses.
        self._consequent = table_variable(np.append(np.asarray(rules.consequent)[chosen], 0), tf.int32, "consequent")
        self._confidence = table_variable(np.append(np.asarray(rules.confidence)[chosen], 0), tf.float32, "confidence")
        self._lift = table_variable(np.append(np.asarray(rules.lift)[chosen], 0), tf.float32, "lift")

    def best(self, products: tf.Tensor) -> BestRules:
        """Finds the best rule from any of some products, int32 `(batch, n)` with -1 for none, to each product."""
        asked = tf.where(products >= 0)
        product = tf.gather_nd(products, asked)
        first, end = tf.gather(self._starts, product), tf.gather(self._starts, product + 1)
        followed = tf.ragged.range(first, end)
        rule = followed.flat_values
        row = tf.gather(asked[:, 0], followed.value_rowids())
        place = tf.stack([row, tf.cast(tf.gather(self._consequent, rule), tf.int64)], axis=1)
        nothing = tf.zeros([tf.shape(products)[0], self._products])
        return BestRules(
            confidence=tf.tensor_scatter_nd_max(nothing, place, tf.gather(self._confidence, rule)),
            lift=tf.tensor_scatter_nd_max(nothing, place, tf.gather(self._lift, rule)),
        )

    def leading_to(self, products: tf.Tensor, consequents: tf.Tensor) -> tf.Tensor:
        """Finds the rule from each of some products to one product of the row.

        Args:
            products: int32 `(batch, n)`; -1 for none.
            consequents: int32 `(batch,)`.

        Returns:
            Its confidence, float32 `(batch, n)`; 0 where there is none.
        """
        asked = tf.where(products >= 0)
        product = tf.gather_nd(products, asked)
        followed = tf.ragged.range(tf.gather(self._starts, product), tf.gather(self._starts, product + 1))
        rule, place = followed.flat_values, tf.gather(asked, followed.value_rowids())
        leads = tf.gather(self._consequent, rule) == tf.gather(consequents, place[:, 0])
        confidence = tf.where(leads, tf.gather(self._confidence, rule), 0.0)
        return tf.tensor_scatter_nd_max(tf.zeros(tf.shape(products)), place, confidence)
