"""How limits are written: RE2's patterns, over texts as `serving.graph.spelling.folded` gives them.

A query is read in three steps, each one replacement: what it is free of ("sugar free"), words ("without sugar", "for a
cat", "private brand"), then amounts ("under 10", "2 liters", "5 to 7 dollars"). What is found becomes a mark with
parts, of which the last is itself, so that what turns out to be no limit is put back as it was typed.
"""

from collections.abc import Iterable
from typing import NamedTuple

import tensorflow as tf

from serving.graph.words import joined, masked, rows_of, split
from serving.search.wishes.vocabulary import (
    AFTER,
    AGED,
    BEFORE,
    FILLERS,
    FOR_WHOM,
    KNOWN_UNITS,
    NUMBER_WORDS,
    OWNERS,
    UNITS,
    WITHOUT,
    WITHOUT_IN_HAN,
)

_BEGIN, _END, _PART = "\x02", "\x03", "|"
# Stands before a word that begins another thought, so that no limit takes in what follows it.
_BREAK = "\x01"
GAP = f"[ {_BREAK}]+"
_BREAKING = (
    "and|or|but|for|with|without|no|not|in|that|which|please|excluding|except|under|below|over|above|less|more|at|between"
    "|around|about|max|maximum|cheaper|costing|priced|than|from|by|made"
)
_WORD = r"[\p{L}\p{M}'’-]+"
# Han without 的, which ends what is left out: 不含糖的巧克力.
_HAN = r"[\x{4e00}-\x{7683}\x{7685}-\x{9fff}]"


def _choice(words: Iterable[str]) -> str:
    """Returns a pattern of any of some words, the longest first, since the first that fits is taken."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return "(?:" + "|".join("".join(_quoted(character) for character in word) for word in ordered) + ")"


def _quoted(character: str) -> str:
    if character == " ":
        return GAP
    if character == "'":
        return "['’]"
    return f"\\{character}" if character in r"\.+*?()|[]{}^$" else character


def _by_spelling(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Returns the words of Latin letters, which have bounds, and the others."""
    every = list(words)
    spelled = [word for word in every if word[0].isascii() and word[0].isalpha()]
    return spelled, [word for word in every if word not in spelled]


def _whole(words: Iterable[str]) -> str:
    """Returns a pattern of any of some words, of which those of Latin letters end where the word does."""
    spelled, others = _by_spelling(words)
    return rf"(?:{_choice(spelled)}\b\.?|{_choice(others)})"


_SIGN = "(?:us ?)?[$€£¥]"
_DIGITS = r"\b\d+(?:[.,]\d+)*(?: \d+/\d+|/\d+)?"
_NUMBER = rf"(?:(?:{_SIGN} ?)?(?:{_DIGITS}|{_whole(NUMBER_WORDS)}))"
_UNIT = rf"(?:[ -]?{_whole(UNITS)}|[a-z]+)"
_SPELLED_BEFORE, _OTHERS_BEFORE = _by_spelling(BEFORE)
_BEFORE = rf"(?:(?:\b{_choice(AGED)}{GAP})?\b{_choice(_SPELLED_BEFORE)}{GAP}|{_choice(_OTHERS_BEFORE)}[ {_BREAK}]?)"
_SPELLED_AFTER, _OTHERS_AFTER = _by_spelling(AFTER)
_AFTER = rf"(?:{GAP}{_choice(_SPELLED_AFTER)}\b|[ {_BREAK}]?{_choice(_OTHERS_AFTER)})"
_LEADING = rf"(?:\b(?:that|which|it|for|priced|costing|costs?|prices?|at|is|with|a|budget){GAP})*"
_TO = rf"(?:{GAP}(?:and|to){GAP}|[ {_BREAK}]?(?:-|–|—|~|到|至)[ {_BREAK}]?)"
# Parts of a mark: what begins a span, its two numbers and their unit; or what is before a number, it, its unit, what is
# after it.
AMOUNTS = (
    rf"{_LEADING}((?:\b(?:between|from){GAP})?)({_NUMBER})(?:[ -]?{_whole(KNOWN_UNITS)})?{_TO}({_NUMBER})({_UNIT}?)"
    rf"(?:之?间)?的?|{_LEADING}({_BEFORE}?)({_NUMBER})({_UNIT}?)({_AFTER}?)的?"
)
_FILLED = rf"(?:{_choice(FILLERS)}{GAP})*"
_SPELLED_WHOM, _OTHERS_WHOM = _by_spelling(FOR_WHOM)
# Parts of a mark: what is left out at the beginning of a query, where it is a word about what follows (not sweet wine);
# what says that something is left out elsewhere, what, and or what; whom it is for; a brand, after that word or before
# it; what is left out in Chinese, and what taste is.
WORDS = (
    rf"^[ {_BREAK}]*(?:not|no){GAP}{_FILLED}({_WORD})"
    rf"|(?:\b(?:that|which){GAP})?\b({_choice(WITHOUT)}){GAP}{_FILLED}({_WORD}(?: {_WORD}){{0,2}})"
    rf"(?:{GAP}or{GAP}({_WORD}))?"
    rf"|(?:\bfor{GAP}(?:{_choice(OWNERS)}{GAP})*|(?:给|适合)(?:我们?家?的?)?)"
    rf"({_choice(_SPELLED_WHOM)}|{_choice(_OTHERS_WHOM)})[ ?!.]*(?:[的{_BREAK}]|$)"
    rf"|(?:\b(?:by|from|of){GAP})?(?:\b(?:the|a){GAP})?\bbrand:? ({_WORD}(?: {_WORD}){{0,2}})"
    rf"|({_WORD})[ -](?:brands?|labels?)\b"
    rf"|{_choice(WITHOUT_IN_HAN)}(?:任何|添加)?({_HAN}{{1,3}})的?|不(?:太|很|怎么)?([甜辣咸酸苦油腻])的?"
)
# The one part of a mark: what something is free of.
FREE = rf"\b({_WORD})[ -]free\b"
# A query without any of this has no limit; it is looked at as it was typed.
MAYBE_LIMITED = (
    r"(?is).*(?:\p{Nd}|\b(?:without|w/o|not?|except|excluding|other than|anything but|sans|minus|avoid|free"
    r"|for|brands?|labels?|under|below|less|cheaper|lower|beneath|smaller|fewer|up to|at (?:the )?most"
    r"|at (?:the )?least|max(?:imum)?|min(?:imum)?|over|above|more than|bigger|larger|greater|between|budget"
    r"|[a-z]+n['’]t|[a-z]+teen|[a-z]+ty|half|ten|two|four|six)\b|[<>不没无低少超除去给适最至预大多便高约以元块]).*"
)
_NO_MORE = (
    (r"\b(?:not|no) (?:more|greater|larger|bigger)(?: than)?\b", "at most"),
    (r"\b(?:not|no) (?:less|fewer|smaller)(?: than)?\b", "at least"),
)


class Marked(NamedTuple):
    """Texts in which limits are marked.

    Attributes:
        between: string `(pieces,)`: what stands before each mark, and after the last one of a text.
        marked: bool `(pieces,)`: whether a mark follows.
        splits: int64 `(batch + 1,)`: the pieces of each text.
        parts: string `(marks, parts)`.
        rows: int64 `(marks,)`: the text of each.
    """

    between: tf.Tensor
    marked: tf.Tensor
    splits: tf.Tensor
    parts: tf.Tensor
    rows: tf.Tensor

    def put(self, instead: tf.Tensor) -> tf.Tensor:
        """Returns the texts with string `(marks,)` in the places of marks, string `(batch,)`."""
        places = tf.where(self.marked)
        filled = tf.tensor_scatter_nd_update(tf.fill(tf.shape(self.between), ""), places, instead)
        pieces = tf.strings.join([self.between, filled], separator=" ")
        return joined(tf.RaggedTensor.from_row_splits(pieces, self.splits, validate=False))


def with_breaks(texts: tf.Tensor) -> tf.Tensor:
    """Returns folded texts in which no limit takes in what follows it, string `(batch,)`."""
    texts = tf.strings.regex_replace(texts, f"[{_BEGIN}{_END}{_PART}⁄]", "/")
    for pattern, said in _NO_MORE:
        texts = tf.strings.regex_replace(texts, pattern, said)
    return tf.strings.regex_replace(texts, rf"[,;]* +((?:{_BREAKING})\b|[0-9$€£¥])|[,;.!?]+ ", rf"{_BREAK}\1")


def without_breaks(texts: tf.Tensor) -> tf.Tensor:
    """Returns texts as they are read on, with single spaces."""
    return tf.strings.strip(tf.strings.regex_replace(texts, f"[ {_BREAK}]+", " "))


def mark(texts: tf.Tensor, pattern: str, groups: int) -> Marked:
    """Marks what a pattern with so many groups finds in string `(batch,)`."""
    rewrite = _BEGIN + _PART.join(rf"\{part}" for part in range(1, groups + 1)) + rf"{_PART}\0{_END}"
    texts = tf.strings.regex_replace(texts, pattern, rewrite)
    pieces = split(texts, _END)
    between = tf.strings.regex_replace(pieces.flat_values, f"{_BEGIN}.*", "")
    marks = tf.strings.regex_replace(pieces.flat_values, f"^[^{_BEGIN}]*{_BEGIN}?", "")
    marked = marks != ""
    marks, rows = masked(marked, marks, rows_of(pieces))
    parts = split(marks, _PART).to_tensor("", shape=[None, groups + 1])
    return Marked(between, marked, pieces.row_splits, parts, rows)
