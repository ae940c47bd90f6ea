"""What a merchant bans from recommendations, and what he gives a place in them, in plain TensorFlow ops."""

from collections.abc import Sequence

import tensorflow as tf

from serving.graph.filters import not_listed
from serving.graph.one_of_each import OneOfEach
from serving.merchant.pins import HoldingPins, PinBoard
from serving.merchant.placing import PinnedList, with_pins
from serving.merchant.word import Pin


class PinnedRecommendations(tf.Module):
    """Holds the pins and bans that are for no query.

    Args:
        pins: What the merchant says; pins of queries are left out.
        product_ids: The catalogue's.
    """

    def __init__(self, pins: Sequence[Pin], product_ids: Sequence[bytes]) -> None:
        super().__init__(name="pinned_recommendations")
        kept = [pin for pin in pins if not pin.query]
        self._board = PinBoard(kept, [b""] * len(kept), product_ids)
        self._size = len(product_ids)

    def holding(self, batch: tf.Tensor, category: tf.Tensor | None = None) -> HoldingPins | None:
        """Returns what holds now; None where there is no pin at all.

        Args:
            batch: int32 scalar: rows.
            category: string `(batch,)` that is filtered by; None for none.
        """
        if not self._board.any:
            return None
        nothing = tf.fill([batch], "")
        return self._board.holding(nothing, nothing if category is None else category)

    def allowed(self, allowed: tf.Tensor | None, pins: HoldingPins | None) -> tf.Tensor | None:
        """Returns what bool `(batch, products)`, or None for everything, allows beside what is banned."""
        if pins is None:
            return allowed
        free = not_listed(pins.banned, self._size)
        return free if allowed is None else allowed & free

    def placed(
        self,
        scores: tf.Tensor,
        products: tf.Tensor,
        pins: HoldingPins | None,
        allowed: tf.Tensor | None,
        one_of_each: OneOfEach,
    ) -> PinnedList:
        """Returns a list with those pinned products in their places that are allowed; see `with_pins`."""
        if pins is None:
            return PinnedList(scores, products, tf.zeros_like(products, tf.bool))
        pinned = only_allowed(pins.pinned, allowed)
        return with_pins(scores, products, pinned, pins.places, one_of_each.things_of)

    def first(
        self,
        scores: tf.Tensor,
        products: tf.Tensor,
        first: tf.Tensor | None,
        allowed: tf.Tensor,
        one_of_each: OneOfEach,
    ) -> PinnedList:
        """Returns a list with int32 `(batch, n)` products before all others, of those that are allowed."""
        if first is None:
            return PinnedList(scores, products, tf.zeros_like(products, tf.bool))
        return with_pins(scores, products, only_allowed(first, allowed), tf.ones_like(first), one_of_each.things_of)


def only_allowed(products: tf.Tensor, allowed: tf.Tensor | None) -> tf.Tensor:
    """Returns int32 `(batch, n)` products, -1 in place of those that bool `(batch, all)` does not allow."""
    if allowed is None:
        return products
    return tf.where(tf.gather(allowed, tf.maximum(products, 0), batch_dims=1), products, -1)
