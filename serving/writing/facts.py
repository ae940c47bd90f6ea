"""What a text says that can be false, and whether its sources say it too, in plain ops."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
import tensorflow_text as tf_text

from serving.graph.spelling import folded, readable
from serving.graph.words import plain_words, rows_of, singular_words

NUMBER, LINK, BRAND, NAME, WORD, BANNED = "number", "link", "brand", "name", "word", "banned"
_NO_SOURCE = "not in the facts: "
# Ten thousand is written 10,000, 9.5 also 9,5 or 9.50.
_THOUSANDS = r"(\d),(\d{3})\b"
_DECIMAL_COMMA = r"(\d),(\d)"
_TRAILING_ZEROS = r"(\d[./]\d*?)0+$"
_EMPTY_FRACTION = r"[./]$"
_NUMBER = r"\p{Nd}.*"
_LINK = r"(?i)(?:https?://|www\.).*|[^@]+@[^@]+\.[^@]+|[a-z0-9-]+\.(?:com|net|org|info|io|co|shop|eu|uk|de|fr|in|cn)(?:/.*)?"
_AROUND_LINKS = r"^[\p{P}\p{S}]+|[\p{P}\p{S}]+$"
# Marks the first word of a sentence, which is written with a capital whatever it means.
_SENTENCE = r"(^|[.!?:;\n•·–—()\"“”/-]|\d[.)])\s*([\p{L}\p{N}])"
_FIRST = "\x02"
_NAME = r"\p{Lu}[\p{L}\p{M}]*\p{Ll}[\p{L}\p{M}]*"


@dataclass(frozen=True, kw_only=True)
class CheckedFacts:
    """What is looked for in a text.

    Attributes:
        terms: Words and phrases by their kind, such as `colour`: each has to be in the sources.
        same_as: What a word or phrase also counts as.
        brands: Names of brands as the shop writes them; found in that spelling alone, as some are common words too.
        banned: Words and phrases that no text may have.
        common_words: Lower-case words that are no names; empty for no check of names.
    """

    terms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    same_as: Mapping[str, str] = field(default_factory=dict)
    brands: Sequence[str] = ()
    banned: Sequence[str] = ()
    common_words: Sequence[str] = ()


class FactCheck(tf.Module):
    """Says what of a text its sources do not say.

    Numbers, links, brands, configured terms and names count as facts, and all words where few are allowed. A fact
    holds where the sources have the same word or phrase, whatever its case, accents, plural or, by `same_as`, its
    spelling.

    Args:
        facts: What is looked for.
    """

    def __init__(self, facts: CheckedFacts) -> None:
        super().__init__(name="fact_check")
        kinds = {term: kind for kind, terms in facts.terms.items() for term in terms}
        same = _normal(facts.same_as)
        canonical = {key: same.get(key, key) for key in _normal({term: term for term in kinds})}
        self._longest = max((key.count(" ") + 1 for key in [*canonical, *same, *_normal_keys(facts.banned)]), default=1)
        # What has another spelling is a fact where that is one: `grey` of a colour, `two` of a number.
        spellings = {key: value for key, value in same.items() if value in canonical or value[:1].isdigit()}
        self._facts = _table({**canonical, **spellings})
        self._same = _table(same)
        kind_of = {same.get(key, key): kind for key, kind in _normal(kinds, values=False).items()}
        self._kinds = _table(kind_of, NUMBER)
        self._banned = _table(dict.fromkeys(_normal_keys(facts.banned), BANNED))
        spelled = {name: plain for name in facts.brands if (plain := _plain([name])[0])}
        spelled |= {change(name): plain for name, plain in list(spelled.items()) for change in (str.title, str.upper)}
        cased = _cased_texts(list(spelled))
        self._brands = _table(dict(zip(cased, spelled.values(), strict=True)))
        self._longest_brand = max((key.count(" ") + 1 for key in cased), default=1)
        self._has_names = bool(facts.common_words)
        self._common = _table(dict.fromkeys(facts.common_words, NAME))

    def unsupported(self, texts: tf.Tensor, sources: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
        """Returns what speaks against each text; "" for nothing.

        Args:
            texts: string `(batch,)`.
            sources: string `(batch,)`: all that may be said.
            allowed: string `(batch,)`: all words that a text may have beside those of its sources; "" for any.

        Returns:
            string `(batch,)`, such as `banned: guaranteed` or `not in the facts: colour navy, number 99`.
        """
        words, source_words = _words(texts), _words(sources)
        grams, source_grams = self._grams(words), self._grams(source_words)
        known = tf.concat([source_grams, _found(source_grams, self._same), _links(sources)], axis=1)
        claims = tf.concat([_found(grams, self._facts), _numbers(words), _links(texts)], axis=1)
        labelled = _without(claims, known, lambda fact: tf.strings.join([self._kind(fact), " ", fact]))
        found = self._brands_in(texts)
        brands = _without(found, known, lambda fact: tf.strings.join([BRAND, " ", fact]))
        said = tf.concat([known, tf.strings.split(tf.strings.reduce_join(found, 1, separator=" "))], axis=1)
        found = self._names_in(texts)
        names = _without(found, said, lambda fact: tf.strings.join([NAME, " ", fact]))
        refused = _kept(grams, self._banned.lookup(grams.flat_values) != "")
        said = tf.concat([said, claims, found, refused, _words(allowed)], axis=1)
        others = _kept(self._canonical(words), tf.gather(allowed != "", rows_of(words)))
        others = _without(others, said, lambda fact: tf.strings.join([WORD, " ", fact]))
        missing = _joined(tf.concat([labelled, brands, names, others], axis=1))
        banned = _joined(refused)
        said = [
            tf.where(banned == "", "", tf.strings.join([f"{BANNED}: ", banned])),
            tf.where((banned == "") | (missing == ""), "", "; "),
            tf.where(missing == "", "", tf.strings.join([_NO_SOURCE, missing])),
        ]
        return tf.strings.join(said)

    def shared(self, texts: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
        """Returns the share of the sources' distinct words that each text has, float32 `(batch,)`; 1 where none is."""
        words, source_words = _words(texts), _words(sources)
        wanted = tf.sets.size(tf.sets.intersection(source_words.to_sparse(), source_words.to_sparse()))
        there = tf.sets.size(tf.sets.intersection(source_words.to_sparse(), words.to_sparse()))
        shares = tf.where(wanted > 0, tf.cast(there, tf.float32) / tf.cast(tf.maximum(wanted, 1), tf.float32), 1.0)
        return tf.ensure_shape(shares, [None])

    def _grams(self, words: Any) -> Any:
        return tf.strings.ngrams(words, tuple(range(1, self._longest + 1)), separator=" ")

    def _canonical(self, words: Any) -> Any:
        same = self._same.lookup(words.flat_values)
        return words.with_flat_values(tf.where(same == "", words.flat_values, same))

    def _kind(self, facts: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.strings.regex_full_match(facts, _LINK), LINK, self._kinds.lookup(facts))

    def _brands_in(self, texts: tf.Tensor) -> Any:
        grams = tf.strings.ngrams(_cased_words(texts), tuple(range(1, self._longest_brand + 1)), separator=" ")
        return _found(grams, self._brands)

    def _names_in(self, texts: tf.Tensor) -> Any:
        """Returns words with a capital within a sentence that are no common words, in lower case."""
        if not self._has_names:
            none = tf.zeros_like(tf.strings.length(texts), tf.int64)
            return tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.string), none)
        # A line is a sentence.
        lines = readable(tf.strings.regex_replace(texts, r"\n", " . "))
        marked = tf.strings.regex_replace(lines, _SENTENCE, rf"\1 {_FIRST}\2")
        words = tf.strings.split(tf.strings.regex_replace(marked, rf"[^\p{{L}}\p{{M}}\p{{N}}{_FIRST}]+", " "))
        plain = singular_words(words.with_flat_values(folded(words.flat_values)))
        known = self._common.lookup(tf_text.case_fold_utf8(words.flat_values)) + self._common.lookup(plain.flat_values)
        return _kept(plain, tf.strings.regex_full_match(words.flat_values, _NAME) & (known == ""))


def joined_sources(fields: Iterable[tf.Tensor]) -> tf.Tensor:
    """Returns what fields say together, string `(batch,)`."""
    return tf.strings.join(list(fields), separator=" \n ")


def _words(texts: tf.Tensor) -> Any:
    for _ in range(2):  # What one pass has read it does not read again: 1,000,000.
        texts = tf.strings.regex_replace(texts, _THOUSANDS, r"\1\2")
    words = singular_words(plain_words(tf.strings.regex_replace(texts, _DECIMAL_COMMA, r"\1.\2")))
    plain = tf.strings.regex_replace(words.flat_values, _TRAILING_ZEROS, r"\1")
    return words.with_flat_values(tf.strings.regex_replace(plain, _EMPTY_FRACTION, ""))


def _numbers(words: Any) -> Any:
    return _kept(words, tf.strings.regex_full_match(words.flat_values, _NUMBER))


def _links(texts: tf.Tensor) -> Any:
    words = tf.strings.split(tf_text.case_fold_utf8(readable(texts)))
    bare = tf.strings.regex_replace(words.flat_values, _AROUND_LINKS, "")
    return _kept(words.with_flat_values(bare), tf.strings.regex_full_match(bare, _LINK))


def _cased_words(texts: tf.Tensor) -> Any:
    return tf.strings.split(tf.strings.regex_replace(readable(texts), r"[^\p{L}\p{M}\p{N}]+", " "))


def _cased_texts(texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    joined = tf.strings.reduce_join(_cased_words(tf.constant(texts)), 1, separator=" ").numpy()
    return [each.decode() for each in joined]


def _kept(ragged: Any, flags: tf.Tensor) -> Any:
    rows = tf.boolean_mask(rows_of(ragged), flags)
    return tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(ragged.flat_values, flags), rows, ragged.nrows(), validate=False
    )


def _found(grams: Any, table: tf.lookup.StaticHashTable) -> Any:
    """Returns what a table has for the words and phrases that it knows."""
    facts = table.lookup(grams.flat_values)
    return _kept(grams.with_flat_values(facts), facts != "")


def _without(claims: Any, known: Any, label: Any) -> Any:
    left = tf.sets.difference(claims.to_sparse(), known.to_sparse())
    return tf.RaggedTensor.from_sparse(tf.SparseTensor(left.indices, label(left.values), left.dense_shape))


def _joined(words: Any) -> tf.Tensor:
    return tf.strings.reduce_join(words, axis=1, separator=", ")


def _plain(texts: Sequence[str]) -> list[str]:
    """Returns texts as the words that they are compared by."""
    if not texts:
        return []
    return [each.decode() for each in tf.strings.reduce_join(_words(tf.constant(texts)), 1, separator=" ").numpy()]


def _normal_keys(texts: Sequence[str]) -> list[str]:
    return [each for each in _plain(list(texts)) if each]


def _normal(pairs: Mapping[str, str], *, values: bool = True) -> dict[str, str]:
    keys = _plain(list(pairs))
    normal = _plain(list(pairs.values())) if values else list(pairs.values())
    return {key: value for key, value in zip(keys, normal, strict=True) if key}


def _table(values: Mapping[str, str], default: str = "") -> tf.lookup.StaticHashTable:
    # A table cannot be empty.
    pairs = values or {_FIRST: default}
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(list(pairs)), tf.constant(list(pairs.values()))), default
    )
