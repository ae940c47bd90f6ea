"""What the limits of queries are held against, found in a catalogue."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from serving.graph.spelling import folded, readable
from serving.graph.words import plain_words, singular_words
from serving.search.correction import word_hashes
from serving.search.wishes.amounts import DIMENSIONS, PRICE, SIZE_SLACK, AmountReader
from serving.search.wishes.facts import WishFacts
from serving.search.wishes.patterns import AMOUNTS, mark, with_breaks
from serving.search.wishes.vocabulary import SAME_KIND

_TEXTS_AT_ONCE = 4096
_WORD = r"[^\W\d_]+"
# How a text says that it is without something: no sugar added, sugar free, sugarless.
_DENIALS = re.compile(
    rf"\b(?:no|non|without|zero|free of|free from)[ -](?:added |artificial )?({_WORD})"
    rf"|\b({_WORD})[ -]free\b|\b({_WORD})less\b"
)
_MAY_DENY = re.compile(r"\b(?:no|non|without|zero)\b|free|less\b")


def wish_facts(catalogue: pa.Table, texts: Sequence[str]) -> WishFacts:
    """Finds what `serving.search.wishes` holds limits against.

    Args:
        catalogue: Columns title and price, and brand where it is known.
        texts: The distinct texts of its products.
    """
    titles = _folded(catalogue["title"].to_pylist())
    names = catalogue["brand"].to_pylist() if "brand" in catalogue.column_names else [""] * len(catalogue)
    brands = [brand.strip() for brand in _folded(names)]
    known = {brand: place for place, brand in enumerate(sorted(set(brands) - {""}))}
    amounts = _sizes(titles)
    amounts[PRICE] = catalogue["price"].to_numpy()
    denied = _denied(texts)
    return WishFacts(
        amounts=amounts,
        brands=[brand.encode() for brand in known],
        brand_of_product=np.array([known.get(brand, -1) for brand in brands], np.int32),
        title_hashes=np.unique(word_hashes(tf.strings.strip(tf.constant(titles))).numpy()),
        denied=[word.encode() for word in denied],
        denied_splits=np.cumsum([0, *map(len, denied.values())]).astype(np.int64),
        denied_texts=np.array([text for each in denied.values() for text in each], np.int32),
    )


def _folded(texts: Sequence[str]) -> list[str]:
    places: dict[str, int] = {}
    rows = [places.setdefault(text or "", len(places)) for text in texts]
    distinct = [
        text.decode() for batch in _batches(list(places)) for text in folded(readable(tf.constant(batch))).numpy()
    ]
    return [distinct[row] for row in rows]


def _batches(texts: list[str]) -> Iterable[list[str]]:
    return (texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE))


def _sizes(titles: Sequence[str]) -> npt.NDArray[np.float32]:
    """Returns amounts float32 `(DIMENSIONS, products)`: of each size the last that a title has; NaN for none."""
    reader = AmountReader()
    places: dict[str, int] = {}
    rows = [places.setdefault(title, len(places)) for title in titles]
    found = np.full((len(places), DIMENSIONS), np.nan, np.float32)
    start = 0
    for batch in _batches(list(places)):
        marked = mark(with_breaks(tf.constant(batch)), AMOUNTS, groups=8)
        read = reader.read(marked.parts)
        sizes = read.exact.numpy() & read.is_limit.numpy()
        for row, amount in zip(marked.rows.numpy()[sizes], read.high.numpy()[sizes] / (1.0 + SIZE_SLACK), strict=True):
            there = np.isfinite(amount)
            there[PRICE] = False
            found[start + row, there] = amount[there]
        start += len(batch)
    return np.ascontiguousarray(found[rows].T)


def _denied(texts: Sequence[str]) -> dict[str, list[int]]:
    """Returns words in the singular, and the texts that have each only where they say that they are without it."""
    candidates = [place for place, text in enumerate(texts) if _MAY_DENY.search(text.lower())]
    denied: defaultdict[str, list[int]] = defaultdict(list)
    for batch in (candidates[start : start + _TEXTS_AT_ONCE] for start in range(0, len(candidates), _TEXTS_AT_ONCE)):
        spelled = _folded([texts[place] for place in batch])
        words = singular_words(plain_words(tf.constant(spelled))).to_list()
        out = [[next(filter(None, found)) for found in _DENIALS.findall(text)] for text in spelled]
        flat = [word for row in out for word in row]
        singular = dict(zip(flat, _singular(flat), strict=True))
        for place, row, there in zip(batch, out, words, strict=True):
            counts = Counter(word.decode() for word in there)
            without = {word for word, times in Counter(singular[word] for word in row).items() if counts[word] <= times}
            for word in without | {SAME_KIND[word] for word in without & SAME_KIND.keys()}:
                denied[word].append(place)
    return dict(sorted(denied.items()))


def _singular(words: list[str]) -> list[str]:
    if not words:
        return []
    return [b" ".join(each).decode() for each in singular_words(plain_words(tf.constant(words))).to_list()]
