"""Takes the limits out of queries, in plain TensorFlow ops."""

import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.spelling import folded
from serving.graph.words import LINKING_WORDS, any_in_row, joined, masked, plain_words, rows_of, singular_words
from serving.index.lexical import LexicalIndex
from serving.search.correction import word_hashes
from serving.search.wishes.amounts import DIMENSIONS, GRAMS, PRICE, AmountReader
from serving.search.wishes.denials import Denials
from serving.search.wishes.facts import WishFacts
from serving.search.wishes.families import Families
from serving.search.wishes.patterns import AMOUNTS, FREE, MAYBE_LIMITED, WORDS, mark, with_breaks, without_breaks
from serving.search.wishes.vocabulary import FOR_WHOM, UNSURE
from serving.search.wishes.wish import NamedThings, Wish, cond_wish

# Who means what he types, word by word, puts it into these.
_QUOTED = r'\s*["“].*["”]\s*'
# The last word before these says what a query asks for.
_BEHIND = rf"\b(?:{'|'.join(LINKING_WORDS)})\b.*"
_LAST_WORD = r"(?s)^.*?([\p{L}\p{M}'’-]*)[^\p{L}]*$"


class WishReader(tf.Module):
    """Takes limits of price and size, what must not be there, whom it is for and brands out of queries.

    What is no limit stays as it was typed: numbers of what the shop does not know (a price where no product has one, a
    size that none has, watts), words that the catalogue lacks after no and not, what no text says it is free of (but
    kinds that titles tell of), what the query itself asks for where no text says that there is such a thing (dairy free
    milk), a query that is a product's title, and one in quotation marks.

    Args:
        facts: What is known of the products.
        lexical: Knows the words of their texts.
        denials: Knows what they say they are without.
    """

    def __init__(self, facts: WishFacts, lexical: LexicalIndex, denials: Denials) -> None:
        super().__init__(name="wish_reader")
        self._lexical = lexical
        self._amounts = AmountReader()
        self._known = tf.Variable(facts.amounts, trainable=False, name="amounts")
        self._has_prices = bool((facts.amounts[PRICE] >= 0.0).any())
        self._titles = tf.Variable(facts.title_hashes, trainable=False, name="title_hashes")
        self._brands = IdLookup(list(facts.brands), what="brand")
        self._brand_names = tf.constant([*facts.brands, b""])
        self._denials, self._families = denials, Families()
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
        left, said_free, freed = self._read_free(broken, rows)
        left, said_words, things, brand = self._read_words(left, rows)
        left, said_amounts, low, high = self._read_amounts(left, rows)
        left = without_breaks(left)
        hints, things = self._hinted(left, _both(freed, things), rows)
        said = tf.strings.join([said_free, said_words, said_amounts], separator="; ")
        said = tf.strings.regex_replace(tf.strings.regex_replace(said, "^(?:; )+|(?:; )+$", ""), "(?:; )+", "; ")
        # A limit alone is searched for by its own words.
        rest = tf.where(said == "", text, left)
        asked = tf.where(hints == "", rest, tf.strings.join([rest, hints], separator=" "))
        return Wish(tf.where(rest == "", text, asked), rest, said, low, high, brand, things)

    def _is_title(self, whole: tf.Tensor) -> tf.Tensor:
        titles = tf.convert_to_tensor(self._titles)
        hashes = word_hashes(tf.strings.strip(whole))
        return tf.gather(titles, tf.minimum(tf.searchsorted(titles, hashes), tf.size(titles) - 1)) == hashes

    def _read_free(self, text: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, NamedThings]:
        """Returns what is left of the texts, what was understood, and what they are to be free of."""
        found = mark(text, FREE, groups=1)
        free_of, phrase = tf.unstack(found.parts, 2, axis=1)
        others = found.put(tf.zeros_like(phrase))
        # Much else is free: hands, an hour.
        single = _singular(free_of)
        said_so = self._said(single, found.rows, others)
        hidden = self._families.are_hidden(single)
        out = (self._denials.known(single) & (~hidden | said_so)) | (self._families.are_kinds(single) & ~hidden)
        out &= self._may_lack(free_of, single, said_so, found.rows, others)
        said = tf.where(out, tf.strings.join(["without: ", free_of]), "")
        things = NamedThings(*masked(out, free_of, tf.zeros_like(out), found.rows))
        return found.put(tf.where(out, "", phrase)), _joined(said, found.rows, rows), things

    def _read_words(self, text: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, NamedThings, tf.Tensor]:
        """Returns what is left of the texts, what was understood, things and brands."""
        found = mark(text, WORDS, groups=9)
        first, negation, words, other, whom, brand_before, brand_after, han, taste, phrase = tf.unstack(
            found.parts, 10, axis=1
        )
        left_out = tf.strings.join([first, words, han, taste])
        unsure = (first != "") | (self._unsure.index_of(without_breaks(negation)) >= 0) | (taste != "")
        out = (left_out != "") & (~unsure | self._knows(left_out))
        single, others = _singular(left_out), found.put(tf.zeros_like(phrase))
        out &= self._may_lack(left_out, single, self._said(single, found.rows, others), found.rows, others)
        known_whom = (whom != "") & self._knows_any(whom)
        brand = self._brands.index_of(without_breaks(tf.strings.join([brand_before, brand_after])))
        said = tf.where(out, tf.strings.join(["without: ", left_out]), "")
        said = tf.where(out & (other != ""), tf.strings.join([said, ", ", other]), said)
        said = tf.where(known_whom, tf.strings.join(["for: ", whom]), said)
        named = tf.gather(self._brand_names, tf.where(brand >= 0, brand, tf.size(self._brand_names) - 1))
        said = tf.where(brand >= 0, tf.strings.join(["brand: ", named]), said)
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
        return left, _joined(said, found.rows, rows), things, tf.maximum(brands, -1)

    def _said(self, words: tf.Tensor, owners: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        """Returns whether a text with any of the other words says that it is without each of string `words`."""
        count = tf.size(words, out_type=tf.int64)
        beside = tf.gather(singular_words(plain_words(others)), owners)
        has_any = self._lexical.counts(beside.flat_values, rows_of(beside), count) > 0
        return tf.reduce_any(self._without(words, count) & has_any, axis=1)

    def _without(self, words: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        """Returns which texts say that they are without each of string `(count,)` words, bool `(count, texts)`."""
        return self._denials.counts(tf.RaggedTensor.from_row_lengths(words, tf.fill([count], 1)), count) > 0

    def _may_lack(
        self, left_out: tf.Tensor, single: tf.Tensor, said_so: tf.Tensor, owners: tf.Tensor, others: tf.Tensor
    ) -> tf.Tensor:
        """Returns whether what queries ask for may be without what they leave out, bool `(things,)`.

        There is no wine without alcohol, unless a text of the shop says so; and sugar cookies are not to be sugar free.

        Args:
            left_out: string `(things,)`.
            single: The same in the singular.
            said_so: What `_said` returned of them.
            owners: int64 `(things,)`: the query of each.
            others: string `(batch,)`: the queries without all that may be a limit.
        """
        asked, things, needed = self._families.of(singular_words(plain_words(left_out)), left_out)
        beside = tf.gather(singular_words(plain_words(others)).to_tensor(""), tf.gather(owners, things))
        same = tf.reduce_any(beside == asked[:, tf.newaxis], axis=1)
        count = tf.size(left_out, out_type=tf.int64)
        is_asked_for = tf.math.unsorted_segment_sum(tf.cast(same, tf.int32), things, count) >= needed
        return ~is_asked_for | (self._families.are_kinds(single) & said_so)

    def _hinted(self, left: tf.Tensor, things: NamedThings, rows: tf.Tensor) -> tuple[tf.Tensor, NamedThings]:
        """Returns words to look for beside what is left of the queries, string `(batch,)`, and what must be there.

        Of what a query asks for, some texts may say that they are without the thing: these come first, by the words
        that they say it by (sugar free). As these words are of other products too, all must then be what was asked for.
        """
        what = _singular(tf.strings.regex_replace(tf.strings.regex_replace(left, _BEHIND, ""), _LAST_WORD, r"\1"))
        thing, owners = masked(~things.wanted, _singular(things.words), things.rows)
        count = tf.size(thing, out_type=tf.int64)
        asked = self._lexical.counts(what, tf.range(rows), rows) > 0
        some = tf.reduce_any(self._without(thing, count) & tf.gather(asked, owners), axis=1)
        hints = _joined(tf.where(some, tf.strings.join([thing, " free"]), ""), owners, rows, " ")
        (hinted,) = masked(hints != "", tf.range(rows))
        must = NamedThings(tf.gather(what, hinted), tf.fill(tf.shape(hinted), True), hinted)
        return hints, _both(things, must)

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


def _both(first: NamedThings, second: NamedThings) -> NamedThings:
    return NamedThings(*(tf.concat(each, axis=0) for each in zip(first, second, strict=True)))


def _joined(said: tf.Tensor, rows: tf.Tensor, size: tf.Tensor, separator: str = "; ") -> tf.Tensor:
    """Returns what was said of each query, joined, string `(size,)`."""
    there, rows = masked(said != "", said, rows)
    return tf.strings.unsorted_segment_join(there, rows, size, separator)
