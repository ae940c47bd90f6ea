"""The columns of a search's answer, with the products that a merchant has pinned in their places."""

from typing import NamedTuple

import tensorflow as tf

from serving.graph.answers import texts_at
from serving.merchant.pins import HoldingPins
from serving.merchant.placing import with_pins
from serving.search.things import Found, PassingProducts, Things


class SearchAnswers(tf.Module):
    """Makes answers of the products that were found.

    Args:
        product_ids: string `(products,)`.
        titles: string `(products,)`.
    """

    def __init__(self, product_ids: tf.Variable, titles: tf.Variable) -> None:
        super().__init__(name="search_answers")
        self._product_ids, self._titles = product_ids, titles

    def of(
        self, scores: tf.Tensor, products: tf.Tensor, variants: tf.Tensor, groups: tuple[tf.Tensor, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Returns product_ids, scores, titles, variants, cluster_ids and cluster_labels, each `(batch, width)`.

        Args:
            scores: float32 `(batch, width)`; -inf for an empty column.
            products: int32 `(batch, width)`; -1 for an empty column.
            variants: int32 `(batch, width)`: products that each stands for, itself included; 0 for an empty column.
            groups: What `ResultGroups.group` returned; it may be wider.
        """
        group_ids, group_labels = (column[:, : tf.shape(products)[1]] for column in groups)
        return {
            **self.ids_of(scores, products),
            "titles": texts_at(self._titles, products),
            "variants": variants,
            "cluster_ids": group_ids,
            "cluster_labels": group_labels,
        }

    def ids_of(self, scores: tf.Tensor, products: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns product_ids and scores alone."""
        return {"product_ids": texts_at(self._product_ids, products), "scores": scores}


class FoundWithPins(NamedTuple):
    """What is listed.

    Attributes:
        found: The things.
        pinned: bool `(batch, width)`: whether a pin has put each where it stands.
    """

    found: Found
    pinned: tf.Tensor

    @classmethod
    def without(cls, found: Found) -> "FoundWithPins":
        """Returns what was found where no pin holds."""
        return cls(found, tf.zeros_like(found.products, tf.bool))


def with_pins_of(found: Found, pins: HoldingPins, things: Things, passing: PassingProducts) -> FoundWithPins:
    """Puts the pinned products that pass into their places; see `serving.merchant.placing.with_pins`."""
    pinned = things.only_passing(pins.pinned, passing)
    listed = with_pins(found.scores, found.products, pinned, pins.places, things.things_of)
    return FoundWithPins(Found(listed.scores, listed.products, things.things_of(listed.products)), listed.pinned)
