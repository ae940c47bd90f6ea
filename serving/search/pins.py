"""A merchant's pins and bans in search: which hold for a query, and where they put things."""

from collections.abc import Sequence

import tensorflow as tf

from serving.graph.filters import not_listed
from serving.graph.words import joined, plain_words, singular_words
from serving.merchant.pins import HoldingPins, PinBoard
from serving.merchant.word import Pin
from serving.search.answer import FoundWithPins, with_pins_of
from serving.search.reading import QueryReader
from serving.search.synonyms import SynonymReader
from serving.search.things import Found, PassingProducts, Things


class SearchPins(tf.Module):
    """Knows what a merchant wants to be seen and not to be seen; what is said twice in other words is one query.

    Args:
        pins: What the merchant says.
        product_ids: Of the catalogue.
        synonyms: Knows other words for the same.
        reader: Reads the queries of pins.
        things: What searches find.
    """

    def __init__(
        self,
        pins: Sequence[Pin],
        product_ids: Sequence[bytes],
        synonyms: SynonymReader,
        reader: QueryReader,
        things: Things,
    ) -> None:
        super().__init__(name="search_pins")
        self._synonyms, self._things = synonyms, things
        queries = [pin.query for pin in pins]
        asked = self._compared(reader.beginning(tf.constant(queries))).numpy().tolist() if queries else []
        self._board = PinBoard(pins, asked, product_ids)

    def holding(self, text: tf.Tensor, category: tf.Tensor) -> HoldingPins:
        """Returns the pins that hold for string `(batch,)` queries and the categories that they are filtered by."""
        if not self._board.any:
            return HoldingPins.none(tf.shape(category)[0])
        return self._board.holding(self._compared(text), category)

    def allowed(self, pins: HoldingPins) -> tf.Tensor | None:
        """Returns what may be in answers, bool `(batch, products)`; None where all may."""
        if not self._board.any:
            return None
        return not_listed(self._things.places_of(pins.banned), self._things.order.size)

    def allowed_anywhere(self, shape: tf.Tensor) -> tf.Tensor | None:
        """Returns what may be in an answer to anything, bool `shape + (products,)`; None where all may."""
        nothing = tf.fill(shape, "")
        return self.allowed(self.holding(nothing, nothing))

    def listed(self, found: Found, pins: HoldingPins, passing: PassingProducts) -> FoundWithPins:
        """Puts the pinned products into their places among what was found."""
        if not self._board.any:
            return FoundWithPins.without(found)
        return with_pins_of(found, pins, self._things, passing)

    def _compared(self, text: tf.Tensor) -> tf.Tensor:
        """Returns what queries of the same pins have in common, string `(batch,)`."""
        words, _ = self._synonyms.read(plain_words(text))
        return joined(singular_words(words))
