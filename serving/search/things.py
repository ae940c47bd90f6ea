"""From texts that were found to the things that an answer lists, each once."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.one_of_each import first_of_each
from serving.graph.words import rows_of
from serving.search.ranking import RankedTexts
from serving.search.runs import PassingRuns, Runs


class Found(NamedTuple):
    """The best things of each query, best first.

    Attributes:
        scores: float32 `(batch, width)`; -inf for an empty column.
        products: int32 `(batch, width)`: the product that stands for each; -1 for an empty column.
        things: int32 `(batch, width)`: its number; any where the column is empty.
    """

    scores: tf.Tensor
    products: tf.Tensor
    things: tf.Tensor

    def cut(self, k: tf.Tensor) -> "Found":
        """Returns the first `k` columns, an int32 scalar; all of them where there are fewer."""
        return Found(*(column[:, : tf.maximum(k, 0)] for column in self))


class PassingProducts(NamedTuple):
    """Which products, and which texts, a filter lets pass.

    Attributes:
        mask: bool `(batch, products)`, in the order of `Things.order`; None lets all pass.
        entries: The products of each entry.
        texts: The entries of each text.
    """

    mask: tf.Tensor | None
    entries: PassingRuns
    texts: PassingRuns


class Things(tf.Module):
    """Knows what an answer lists as one thing, and which texts and products each thing has.

    A text may belong to several things, and a thing may have several texts. Products of one text and one thing are an
    entry: products are sorted by text, then by thing, so that the entries of a text and the products of an entry stand
    together.

    A thing has the score of its best text, and of that text's products the first in the catalogue that passes the
    filter stands for it. Where the query names products by their ids or SKUs, those stand for their things.

    Args:
        text_of_product: int `(products,)`: the text of each, from 0 on, every one with a product.
        thing_of_product: int `(products,)`: likewise its thing.

    Attributes:
        order: int32 `(products,)`: the product at each place of a filter's mask.
        size: How many things there are.
        one_entry_each: Whether no thing has two entries, so that `n` texts hold `n` things at least.
    """

    def __init__(self, text_of_product: npt.NDArray[np.integer], thing_of_product: npt.NDArray[np.integer]) -> None:
        super().__init__(name="things")
        order = np.lexsort((thing_of_product, text_of_product)).astype(np.int32)
        texts, things = text_of_product[order], thing_of_product[order]
        new_text = np.diff(texts, prepend=-1) != 0
        first = np.flatnonzero(new_text | (np.diff(things, prepend=-1) != 0))
        entry_of_place = np.cumsum(np.bincount(first, minlength=len(order))) - 1
        place = np.argsort(order)
        self.order = order
        self.size = int(things.max()) + 1
        self._entries = Runs(first, len(order), name="entries")
        self._texts = Runs(np.flatnonzero(new_text[first]), len(first), name="texts")
        self._order = _variable(order, "order")
        self._place_of_product = _variable(place, "place_of_product")
        self._entry_of_product = _variable(entry_of_place[place], "entry_of_product")
        self._thing_of_entry = _variable(things[first], "thing_of_entry")
        entries_of_thing = np.bincount(things[first], minlength=self.size)
        self._thing_bounds = _variable(np.append(0, np.cumsum(entries_of_thing)), "thing_bounds")
        self._entries_by_thing = _variable(np.argsort(things[first], kind="stable"), "entries_by_thing")
        self._products_of_thing = _variable(np.bincount(things, minlength=self.size), "products_of_thing")
        # How many entries hold so many things for sure: all entries of the largest things, and one more.
        largest = np.sort(entries_of_thing)[::-1]
        self._enough = _variable(np.append(0, 1 + np.cumsum(np.append(0, largest[:-1]))), "enough")
        self.one_entry_each = bool(largest[0] == 1)

    def passing(self, mask: tf.Tensor | None = None) -> PassingProducts:
        """Returns what bool `(batch, products)` in the order of `order` lets pass; None lets all pass."""
        entries = self._entries.passing(mask)
        return PassingProducts(mask, entries, self._texts.passing(entries.mask))

    def places_of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the places of int32 `products` in a filter's mask; -1 where it is under 0."""
        return tf.where(products >= 0, tf.gather(self._place_of_product, tf.maximum(products, 0)), -1)

    def things_of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the thing of each of int32 `products` of any shape; any for one under 0."""
        return tf.gather(self._thing_of_entry, tf.gather(self._entry_of_product, tf.maximum(products, 0)))

    def only_passing(self, products: tf.Tensor, passing: PassingProducts) -> tf.Tensor:
        """Returns int32 `(batch, width)` products, -1 in place of those that do not pass."""
        if passing.mask is None:
            return products
        places = tf.gather(self._place_of_product, tf.maximum(products, 0))
        return tf.where(tf.gather(passing.mask, places, batch_dims=1), products, -1)

    def enough(self, k: tf.Tensor) -> tf.Tensor:
        """Returns how many texts hold `k` things for sure, both int32 scalars."""
        return tf.gather(self._enough, tf.clip_by_value(k, 0, self.size))

    def best(self, ranked: RankedTexts, passing: PassingProducts, looked_at: tf.Tensor, width: tf.Tensor) -> Found:
        """Finds the best things of the texts that are ranked.

        Args:
            ranked: Texts with an entry that passes, and products that are named and pass.
            passing: What passes.
            looked_at: int32 scalar: entries to choose from where there are so many; not under `width`.
            width: int32 scalar from 1 to `size`: columns that come back.
        """
        scores, entries = self._entries_of(ranked, passing, looked_at)
        unnamed = tf.shape(entries)[1]
        scores = tf.concat([scores, ranked.named_scores], axis=1)
        by_name = tf.gather(self._entry_of_product, tf.maximum(ranked.named, 0))
        scores, places = tf.math.top_k(scores, tf.shape(scores)[1])
        entries = tf.gather(tf.concat([entries, by_name], axis=1), places, batch_dims=1)
        things = tf.gather(self._thing_of_entry, entries)
        firsts = first_of_each(things, width)
        scores, places, entries, things = (
            tf.gather(values, tf.maximum(firsts, 0), batch_dims=1) for values in (scores, places, entries, things)
        )
        scores = tf.where(firsts >= 0, scores, -np.inf)
        first = tf.gather(self._order, passing.entries.members(passing.entries.numbers(entries)))
        named = tf.gather(ranked.named, tf.maximum(places - unnamed, 0), batch_dims=1)
        products = tf.where(places >= unnamed, named, first)
        return Found(scores, tf.where(scores > -np.inf, products, -1), things)

    def variants(self, found: Found, passing: PassingProducts) -> tf.Tensor:
        """Returns how many products of each thing pass, int32 `(batch, width)`; 0 for an empty column."""
        if passing.mask is None:
            return tf.where(found.products >= 0, tf.gather(self._products_of_thing, found.things), 0)
        shape = tf.shape(found.things)
        things = tf.reshape(found.things, [-1])
        entries = tf.ragged.range(tf.gather(self._thing_bounds, things), tf.gather(self._thing_bounds, things + 1))
        column = rows_of(entries)
        sizes = passing.entries.sizes_at(
            tf.cast(column, tf.int32) // tf.maximum(shape[1], 1), tf.gather(self._entries_by_thing, entries.flat_values)
        )
        sizes = tf.reshape(tf.math.unsorted_segment_sum(sizes, column, tf.size(things)), shape)
        return tf.where(found.products >= 0, sizes, 0)

    def _entries_of(
        self, ranked: RankedTexts, passing: PassingProducts, looked_at: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and entries `(batch, any width)` of texts; -inf, and any entry, for an empty column."""
        scores, texts = ranked.scores, tf.maximum(ranked.texts, 0)
        if self._texts.single:
            return scores, texts
        scores, places = tf.math.top_k(scores, tf.shape(scores)[1])
        texts = tf.gather(texts, places, batch_dims=1)
        sizes = tf.where(scores > -np.inf, passing.texts.sizes(texts), 0)
        stops = tf.cumsum(sizes, axis=1)
        columns = tf.tile(tf.range(looked_at)[tf.newaxis], [tf.shape(texts)[0], 1])
        filled = columns < stops[:, -1:]
        # The text of each column, and which of the text's entries it is.
        text = tf.minimum(tf.searchsorted(stops, columns, side="right"), tf.shape(texts)[1] - 1)
        numbers = columns + tf.gather(passing.texts.numbers(texts) - (stops - sizes), text, batch_dims=1)
        entries = passing.texts.members(tf.where(filled, numbers, 0))
        return tf.where(filled, tf.gather(scores, text, batch_dims=1), -np.inf), entries


def _variable(values: npt.NDArray[np.integer], name: str) -> tf.Variable:
    return tf.Variable(values.astype(np.int32), trainable=False, name=name)
