"""Which products keep within the limits of a query, in plain TensorFlow ops."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.words import joined, masked, plain_words, rows_of, singular_words
from serving.index.lexical import LexicalIndex
from serving.search.wishes.amounts import GRAMS, MILLILITRES, PIECES, PRICE
from serving.search.wishes.facts import WishFacts
from serving.search.wishes.vocabulary import FOR_WHOM, KINDS
from serving.search.wishes.wish import NamedThings, Wish


class WishFilter(tf.Module):
    """Allows the products within the limits of a query.

    A product of an unknown price or size is within no limit of it. What must not be there is looked for by its words in
    a product's text; texts that say they are without it (sugar free) do not count as having it. Kinds of things
    (nuts, meat) count by `serving.search.wishes.vocabulary.KINDS`.

    Args:
        facts: What is known of the products.
        lexical: Knows the words of their texts.
        text_of_product: int `(products,)`.
        order: int `(products,)`: the product at each place of a mask.
    """

    def __init__(
        self,
        facts: WishFacts,
        lexical: LexicalIndex,
        text_of_product: npt.NDArray[np.integer],
        order: npt.NDArray[np.integer],
    ) -> None:
        super().__init__(name="wish_filter")
        self._lexical = lexical
        self._amounts = tf.Variable(facts.amounts[:, order], trainable=False, name="amounts")
        self._brands = tf.Variable(facts.brand_of_product[order], trainable=False, name="brands")
        self._texts = tf.Variable(text_of_product[order].astype(np.int32), trainable=False, name="texts")
        self._denied = IdLookup(list(facts.denied), what="denied word")
        # One more, of no texts, for a word that is denied nowhere.
        splits = np.append(facts.denied_splits, facts.denied_splits[-1])
        self._denied_splits = tf.Variable(splits, trainable=False, name="denied_splits")
        self._denied_texts = tf.Variable(facts.denied_texts, trainable=False, name="denied_texts")
        self._families = _Families({**KINDS, **FOR_WHOM})

    def allowed(self, wish: Wish) -> tf.Tensor:
        """Returns bool `(batch, products)`, in the order of a mask."""
        limited = (wish.low > -np.inf) | (wish.high < np.inf)

        def within(dimension: int) -> tf.Tensor:
            values = self._amounts[dimension][tf.newaxis]
            inside = (values >= wish.low[:, dimension, tf.newaxis]) & (values <= wish.high[:, dimension, tf.newaxis])
            return inside & limited[:, dimension, tf.newaxis]

        brand = wish.brand[:, tf.newaxis]
        # Ounces are of weight or of volume.
        sized = limited[:, GRAMS] | limited[:, MILLILITRES]
        return (
            (within(PRICE) | ~limited[:, PRICE, tf.newaxis])
            & (within(GRAMS) | within(MILLILITRES) | ~sized[:, tf.newaxis])
            & (within(PIECES) | ~limited[:, PIECES, tf.newaxis])
            & ((brand < 0) | (brand == tf.convert_to_tensor(self._brands)[tf.newaxis]))
            & self._with_and_without(wish.things, tf.shape(wish.text, out_type=tf.int64)[0])
        )

    def _with_and_without(self, things: NamedThings, batch: tf.Tensor) -> tf.Tensor:
        count = tf.size(things.words, out_type=tf.int64)
        words = singular_words(plain_words(things.words))
        asked, owners, needed = self._families.of(words, things.words)
        has = self._lexical.counts(asked, owners, count)
        has -= self._denying(words, count)
        there = has >= needed[:, tf.newaxis]
        broken = tf.cast(tf.not_equal(there, things.wanted[:, tf.newaxis]), tf.int32)
        kept = tf.equal(tf.math.unsorted_segment_sum(broken, things.rows, batch), 0)
        return tf.gather(kept, self._texts, axis=1)

    def _denying(self, words: tf.RaggedTensor, count: tf.Tensor) -> tf.Tensor:
        """Returns how many of the words of each thing texts say they are without, int32 `(things, texts)`."""
        known = self._denied.index_of(words.flat_values)
        place = tf.where(known >= 0, known, tf.size(self._denied_splits) - 2)
        texts = tf.ragged.range(tf.gather(self._denied_splits, place), tf.gather(self._denied_splits, place + 1))
        owner = tf.gather(rows_of(words), rows_of(texts))
        size = self._lexical.size
        target = owner * size + tf.cast(tf.gather(self._denied_texts, texts.flat_values), tf.int64)
        found = tf.math.unsorted_segment_sum(tf.ones_like(target, tf.int32), target, count * size)
        return tf.reshape(found, [count, size])


class _Families(tf.Module):
    """The words by which a thing is known: any of a kind's, or all of its own."""

    def __init__(self, families: dict[str, tuple[str, ...]]) -> None:
        super().__init__(name="families")
        self._names = IdLookup([name.encode() for name in families], what="kind")
        self._words = tf.ragged.constant([*families.values(), ()], dtype=tf.string)

    def of(self, words: tf.RaggedTensor, typed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns words, int64 the thing of each, and int32 `(things,)` how many of them a text must have.

        Args:
            words: Ragged string `(things, words)`, in the singular.
            typed: string `(things,)`.
        """
        place = self._names.index_of(joined(words))
        place = tf.where(place >= 0, place, self._names.index_of(typed))
        is_kind = place >= 0
        kinds = tf.gather(self._words, tf.where(is_kind, place, self._words.nrows(tf.int32) - 1))
        rows = rows_of(words)
        own_words, own_rows = masked(~tf.gather(is_kind, rows), words.flat_values, rows)
        return (
            tf.concat([kinds.flat_values, own_words], axis=0),
            tf.concat([rows_of(kinds), own_rows], axis=0),
            tf.where(is_kind, 1, tf.maximum(tf.cast(words.row_lengths(), tf.int32), 1)),
        )
