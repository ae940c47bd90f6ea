"""Takes the limits out of queries, in plain TensorFlow ops."""

import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.spelling import folded
from serving.graph.words import any_in_row, joined, masked, plain_words, singular_words
from serving.index.lexical import LexicalIndex
from serving.search.correction import word_hashes
from serving.search.wishes.amounts import DIMENSIONS, GRAMS, PRICE, AmountReader
from serving.search.wishes.facts import WishFacts
from serving.search.wishes.patterns import AMOUNTS, MAYBE_LIMITED, WORDS, mark, with_breaks, without_breaks
from serving.search.wishes.vocabulary import FOR_WHOM, UNSURE
from serving.search.wishes.wish import NamedThings, Wish, cond_wish

# Who means what he types, word by word, puts it into these.
_QUOTED = r'\s*["“].*["”]\s*'


class WishReader(tf.Module):
    """Takes limits of price and size, what must not be there, whom it is for and brands out of queries.

    What is no limit stays as it was typed: numbers of what the shop does not know (a price where no product has one, a
    size that none has, watts), words that the catalogue lacks after no and not, a query that is a product's title, and
    one in quotation marks.

    Args:
        facts: What is known of the products.
        lexical: Knows the words of their texts.
    """

    def __init__(self, facts: WishFacts, lexical: LexicalIndex) -> None:
        super().__init__(name="wish_reader")
        self._lexical = lexical
        self._amounts = AmountReader()
        self._known = tf.Variable(facts.amounts, trainable=False, name="amounts")
        self._has_prices = bool((facts.amounts[PRICE] >= 0.0).any())
        self._titles = tf.Variable(facts.title_hashes, trainable=False, name="title_hashes")
        self._brands = IdLookup(list(facts.brands), what="brand")
        self._brand_names = tf.constant([*facts.brands, b""])
        self._denied = IdLookup(list(facts.denied), what="denied word")
        self._whom = IdLookup([name.encode() for name in FOR_WHOM], what="name")
        self._unsure = IdLookup([word.encode() for word in UNSURE], what="word")

    def read(self, text: tf.Tensor) -> Wish:
        """Reads string `(batch,)` queries as `serving.search.reading.beginning` gives them."""
        maybe = tf.reduce_any(tf.strings.regex_full_match(text, MAYBE_LIMITED))
        return cond_wish(maybe, lambda: self._read(text), lambda: Wish.without_limits(text))

    def _read(self, text: tf.Tensor) -> Wish:
        whole = folded(text)
        literal = tf.strings.regex_full_match(text, _QUOTED) | self._is_title(whole)
        broken = with_breaks(tf.where(literal, "", whole))
        rows = tf.shape(text, out_type=tf.int64)[0]
        left, hints, said_words, things, brand = self._read_words(broken, rows)
        left, said_amounts, low, high = self._read_amounts(left, rows)
        left = without_breaks(left)
        said = tf.strings.join([said_words, said_amounts], separator="; ")
        said = tf.strings.regex_replace(said, "^(?:; )+|(?:; )+$", "")
        # A limit alone is searched for by its own words.
        rest = tf.where(said == "", text, left)
        asked = tf.where(hints == "", rest, tf.strings.join([rest, hints], separator=" "))
        return Wish(tf.where(rest == "", text, asked), rest, said, low, high, brand, things)

    def _is_title(self, whole: tf.Tensor) -> tf.Tensor:
        titles = tf.convert_to_tensor(self._titles)
        hashes = word_hashes(tf.strings.strip(whole))
        return tf.gather(titles, tf.minimum(tf.searchsorted(titles, hashes), tf.size(titles) - 1)) == hashes

    def _read_words(
        self, text: tf.Tensor, rows: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, NamedThings, tf.Tensor]:
        """Returns what is left of the texts, words to look for instead, what was understood, things and brands."""
        found = mark(text, WORDS, groups=9)
        first, negation, words, other, whom, brand_before, brand_after, han, taste, phrase = tf.unstack(
            found.parts, 10, axis=1
        )
        left_out = tf.strings.join([first, words, han, taste])
        unsure = (first != "") | (self._unsure.index_of(without_breaks(negation)) >= 0) | (taste != "")
        out = (left_out != "") & (~unsure | self._knows(left_out))
        known_whom = (whom != "") & self._knows_any(whom)
        brand = self._brands.index_of(without_breaks(tf.strings.join([brand_before, brand_after])))
        said = tf.where(out, tf.strings.join(["without: ", left_out]), "")
        said = tf.where(out & (other != ""), tf.strings.join([said, ", ", other]), said)
        said = tf.where(known_whom, tf.strings.join(["for: ", whom]), said)
        named = tf.gather(self._brand_names, tf.where(brand >= 0, brand, tf.size(self._brand_names) - 1))
        said = tf.where(brand >= 0, tf.strings.join(["brand: ", named]), said)
        # What texts say they are without is looked for by these words: sugar free.
        single = _singular(left_out)
        denied = out & (self._denied.index_of(single) >= 0)
        hints = _joined(tf.where(denied, tf.strings.join([single, " free"]), ""), found.rows, rows, " ")
        left = found.put(tf.where(out | (brand >= 0), "", phrase))
        both = out & (other != "")
        flags = (out, both, known_whom)
        # A word that is left out, another, and whom it is for: one after the other.
        things = NamedThings(
            *masked(
                tf.concat(flags, axis=0),
                tf.concat([left_out, other, whom], axis=0),
                tf.tile(known_whom, [len(flags)]),
                tf.tile(found.rows, [len(flags)]),
            )
        )
        brands = tf.math.unsorted_segment_max(brand, found.rows, rows)
        return left, hints, _joined(said, found.rows, rows), things, tf.maximum(brands, -1)

    def _read_amounts(self, text: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns what is left of the texts, what was understood, and bounds of amounts."""
        found = mark(text, AMOUNTS, groups=8)
        amounts = self._amounts.read(found.parts)
        of_price = (amounts.low[:, PRICE] > -float("inf")) | (amounts.high[:, PRICE] < float("inf"))
        known = tf.where(of_price, self._has_prices, ~amounts.exact | self._any_within(amounts.low, amounts.high))
        known &= amounts.is_limit
        left = found.put(tf.where(known, "", found.parts[:, -1]))
        low = tf.where(known[:, tf.newaxis], amounts.low, -float("inf"))
        high = tf.where(known[:, tf.newaxis], amounts.high, float("inf"))
        low = tf.math.unsorted_segment_max(low, found.rows, rows)
        high = tf.math.unsorted_segment_min(high, found.rows, rows)
        said = _joined(tf.where(known, amounts.said, ""), found.rows, rows)
        infinite = tf.fill([tf.cast(rows, tf.int32), DIMENSIONS], float("inf"))
        return left, said, tf.where(low <= -3e38, -infinite, low), tf.where(high >= 3e38, infinite, high)

    def _any_within(self, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
        """Returns whether any product has a size within bounds `(numbers, DIMENSIONS)`, bool `(numbers,)`."""
        sizes = self._known[GRAMS:]
        low, high = low[:, GRAMS:, tf.newaxis], high[:, GRAMS:, tf.newaxis]
        return tf.reduce_any((low > -float("inf")) & (sizes >= low) & (sizes <= high), axis=[1, 2])

    def _knows(self, words: tf.Tensor) -> tf.Tensor:
        """Returns whether the catalogue has all words of each text, bool like them."""
        each = singular_words(plain_words(words))
        return ~any_in_row(each, self._lexical.lacks(each.flat_values))

    def _knows_any(self, names: tf.Tensor) -> tf.Tensor:
        known = self._whom.index_of(names)
        lacks = self._lexical.lacks(tf.constant([word for words in FOR_WHOM.values() for word in words]))
        family = tf.constant([row for row, words in enumerate(FOR_WHOM.values()) for _ in words])
        any_known = tf.math.unsorted_segment_max(tf.cast(~lacks, tf.int32), family, len(FOR_WHOM))
        return (known >= 0) & (tf.gather(any_known, tf.maximum(known, 0)) > 0)


def _singular(words: tf.Tensor) -> tf.Tensor:
    return joined(singular_words(plain_words(words)))


def _joined(said: tf.Tensor, rows: tf.Tensor, size: tf.Tensor, separator: str = "; ") -> tf.Tensor:
    """Returns what was said of each query, joined, string `(size,)`."""
    there, rows = masked(said != "", said, rows)
    return tf.strings.unsorted_segment_join(there, rows, size, separator)
