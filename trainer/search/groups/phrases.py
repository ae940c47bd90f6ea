"""Phrases of titles by which results can be grouped, and how each is written."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serving.graph.words import UNSPACED_CHARACTER
from serving.search.grouping.groups import LONGEST_LABEL, OTHER
from serving.search.grouping.phrase_groups import FEWEST_PRODUCTS, TitlePhrases
from trainer.clusters.label_vocabulary import FUNCTION_WORDS, label_worth, read_text_words

MOST_WORDS = 3
# Phrases of one title, the best of them.
MOST_PHRASES = 16
# The worth of a phrase that never ends where a name does: a brand, a colour in front of its noun.
INNER_WORTH = 0.4

_LETTERS = rf"(?:(?!{UNSPACED_CHARACTER})[^\W\d_])+"
# A number with its unit (2-Handle), a character of a script without spaces, a word, or another number.
_TOKEN = re.compile(
    rf"(?P<compound>\d[\d./]*-[^\W\d_]+)|(?P<character>{UNSPACED_CHARACTER})"
    rf"|(?P<word>{_LETTERS}(?:['’-]{_LETTERS})*)|(?P<number>\d[\d./]*)"
)
# What may stand between the words of one phrase.
_BETWEEN = re.compile(r"[ /+]|\s?&\s?|\.\s")
# What is not there names nothing.
_NEGATIONS = frozenset(("no", "non", "not", "without"))


class LabelledPhrases(NamedTuple):
    """Phrases of a catalogue's titles and how they are written, none as another is."""

    phrases: TitlePhrases
    labels: list[str]


class _Token(NamedTuple):
    key: str
    start: int
    end: int
    kind: str


def title_phrases(titles: Sequence[str]) -> LabelledPhrases:
    """Finds the phrases that several titles have.

    A phrase is one to three words that follow each other in a title without a comma, a bracket or a number between
    them, and is known by its words without plurals, accents and hyphens. It begins and ends with a word that can
    stand in a label (`trainer.clusters.label_vocabulary.label_worth`); a number with its unit, as in 2-Handle Faucet,
    may begin it but not stand alone. In scripts without spaces it is two to three characters. It is written as it is
    most often.

    How much it is worth is the share of its places that end a name: those before a comma, a bracket, a number, a word
    such as with, or the end. In English and its kin that is where the noun stands which says what a product is.

    Args:
        titles: `(texts,)`, best without repetitions.
    """
    tokens = _tokens(titles)
    counts: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    places: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    of_title: list[list[str]] = []
    capitals = sum(title[token.start].isupper() for title, found in zip(titles, tokens, strict=True) for token in found)
    capitalised = capitals > sum(map(len, tokens)) / 2
    for title, found in zip(titles, tokens, strict=True):
        mine: dict[str, None] = {}
        for key, first, last in _spans(title, found):
            form = title[found[first].start : found[last].end]
            # Where titles have capitals, what has none is a unit or a side remark.
            if len(form) > LONGEST_LABEL or (capitalised and form[0].islower()):
                continue
            mine[key] = None
            forms[key][form] += 1
            places[key] += 1
            ends[key] += _ends_name(title, found, last)
        of_title.append(list(mine))
        counts.update(mine.keys())
    kept, labels = _labelled([key for key, count in counts.items() if count >= FEWEST_PRODUCTS], forms)
    number = {key: place for place, key in enumerate(kept)}
    worths = np.array([INNER_WORTH + (1.0 - INNER_WORTH) * ends[key] / places[key] for key in kept], np.float32)
    frequency = np.array([counts[key] for key in kept], np.float32)
    table = np.full((len(titles), MOST_PHRASES), -1, np.int32)
    order = np.lexsort((-frequency, -worths))
    rank = np.empty(len(kept), np.int64)
    rank[order] = np.arange(len(kept))
    for row, keys in enumerate(of_title):
        best = sorted((number[key] for key in keys if key in number), key=lambda place: rank[place])[:MOST_PHRASES]
        table[row, : len(best)] = best
    return LabelledPhrases(
        TitlePhrases(
            of_text=_narrow(table),
            keys=[key.encode() for key in kept],
            words=np.array([key.count(" ") + 1 for key in kept], np.int32),
            worths=worths,
            shares=(frequency / max(len(titles), 1)).astype(np.float32),
        ),
        labels,
    )


def _tokens(titles: Sequence[str]) -> list[list[_Token]]:
    """Returns the words of each title; the key is empty for what cannot be in a phrase, and "-" for an inner word."""
    words = read_text_words(titles)
    good = {word for word, worth in zip(words.vocabulary, label_worth(words), strict=True) if worth >= 0.5}
    matches = [list(_TOKEN.finditer(title)) for title in titles]
    forms = list(dict.fromkeys(match[0] for found in matches for match in found))
    split = read_text_words(forms)
    parts: list[list[str]] = [[] for _ in forms]
    for form, word in zip(split.texts.tolist(), split.words.tolist(), strict=True):
        parts[form].append(split.vocabulary[word])
    parts_of = dict(zip(forms, parts, strict=True))
    return [
        [
            _Token(_key(match, parts_of[match[0]], good), match.start(), match.end(), str(match.lastgroup))
            for match in found
        ]
        for found in matches
    ]


def _key(match: re.Match[str], parts: list[str], good: set[str]) -> str:
    key = " ".join(parts)
    if match.lastgroup == "number":
        return ""
    if match.lastgroup == "character" or any(part in good for part in parts):
        return key
    return f"-{key}" if key in FUNCTION_WORDS - _NEGATIONS else ""


def _spans(title: str, tokens: list[_Token]) -> list[tuple[str, int, int]]:
    """Returns key, first and last token of every phrase of a title."""
    spans = []
    for first, token in enumerate(tokens):
        if not token.key or token.key[0] == "-":
            continue
        keys: list[str] = []
        for last in range(first, min(first + MOST_WORDS, len(tokens))):
            here = tokens[last]
            character = here.kind == "character"
            if not here.key or character != (token.kind == "character"):
                break
            if last > first:
                between = title[tokens[last - 1].end : here.start]
                if between if character else not _BETWEEN.fullmatch(between):
                    break
            keys.append(here.key)
            alone = len(keys) == 1 and (character or here.kind == "compound")
            if not alone and here.key[0] != "-":
                spans.append((" ".join(keys), first, last))
    return spans


def _ends_name(title: str, tokens: list[_Token], last: int) -> bool:
    if last + 1 == len(tokens):
        return True
    after = tokens[last + 1]
    between = title[tokens[last].end : after.start]
    together = _BETWEEN.fullmatch(between) or (not between and after.kind == "character")
    return not together or after.key[:1] == "-" or after.kind == "number"


def _labelled(keys: list[str], forms: dict[str, Counter[str]]) -> tuple[list[str], list[str]]:
    """Returns the phrases that are written as no other one is, and how they are written."""
    kept, labels, used = [], [], {OTHER.lower()}
    for key in keys:
        form = max(forms[key].items(), key=lambda item: (item[1], item[0]))[0]
        label = form[:1].upper() + form[1:]
        if label.lower() not in used:
            used.add(label.lower())
            kept.append(key)
            labels.append(label)
    return kept, labels


def _narrow(table: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Returns a table without the columns that no row fills, but with one at least."""
    width = max(1, int((table >= 0).sum(axis=1).max(initial=0)))
    return table[:, :width]
