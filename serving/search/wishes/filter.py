"""Which products keep within the limits of a query, in plain TensorFlow ops."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import plain_words, singular_words
from serving.index.lexical import LexicalIndex
from serving.search.wishes.amounts import GRAMS, MILLILITRES, PIECES, PRICE
from serving.search.wishes.denials import Denials
from serving.search.wishes.facts import WishFacts
from serving.search.wishes.families import Families
from serving.search.wishes.wish import NamedThings, Wish


class WishFilter(tf.Module):
    """Allows the products within the limits of a query.

    A product of an unknown price or size is within no limit of it. What must not be there is looked for by its words in
    a product's text; texts that say they are without it (sugar free) do not count as having it. Kinds of things
    (nuts, meat) count by `serving.search.wishes.vocabulary.KINDS`.

    Args:
        facts: What is known of the products.
        lexical: Knows the words of their texts.
        denials: Knows what they say they are without.
        text_of_product: int `(products,)`.
        order: int `(products,)`: the product at each place of a mask.
    """

    def __init__(
        self,
        facts: WishFacts,
        lexical: LexicalIndex,
        denials: Denials,
        text_of_product: npt.NDArray[np.integer],
        order: npt.NDArray[np.integer],
    ) -> None:
        super().__init__(name="wish_filter")
        self._lexical = lexical
        self._amounts = tf.Variable(facts.amounts[:, order], trainable=False, name="amounts")
        self._brands = tf.Variable(facts.brand_of_product[order], trainable=False, name="brands")
        self._texts = tf.Variable(text_of_product[order].astype(np.int32), trainable=False, name="texts")
        self._denials, self._families = denials, Families()

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
        wanted = things.wanted[:, tf.newaxis]
        has = self._lexical.counts(asked, owners, count) >= needed[:, tf.newaxis]
        # A non-alcoholic beer has no alcohol, whatever else is called a beer; to who asks for a beer it is one.
        there = has & (wanted | (self._denials.counts(words, count) == 0))
        broken = tf.cast(tf.not_equal(there, wanted), tf.int32)
        kept = tf.equal(tf.math.unsorted_segment_sum(broken, things.rows, batch), 0)
        return tf.gather(kept, self._texts, axis=1)
