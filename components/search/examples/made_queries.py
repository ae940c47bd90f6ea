"""Queries that are made of the catalogue's texts, for a shop of which nobody has asked anything yet."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.search.examples.options import QueryOptions
from components.search.examples.perturbations import (
    EVALUATION_PERTURBATIONS,
    ask_shortly,
    join_words,
    perturb_for_training,
    query_words,
)
from components.search.examples.query_pairs import COUNTS, MADE, TRAINING, pairs_table, split_by_query

# How many of the queries to train on are short ones; the others have most words of their text.
_SHORT = 2 / 3
# The share of the texts that a word of short queries is in at the most.
_COMMON = 0.05


class TextsToAskFor(NamedTuple):
    """The texts that queries are made of.

    Attributes:
        texts: Each with the indices of its products.
        per_text: Queries that are made of each to train on.
        usual: What `usual_words` found in all texts.
    """

    texts: Sequence[tuple[str, Sequence[int]]]
    per_text: int
    usual: frozenset[str]


def texts_to_ask_for(catalogue: pa.Table, options: QueryOptions) -> TextsToAskFor:
    """Chooses texts of a catalogue, so that no more than `max_pseudo_queries` queries are made of them to train on.

    Time grows with n log n for n texts, and what is made of them, and hence training, does not grow past that limit.
    """
    texts, most = products_by_text(catalogue), options.max_pseudo_queries
    usual = usual_words([text for text, _ in texts])
    if len(texts) > most:
        texts = sorted(texts, key=lambda text: hashlib.sha256(text[0].encode()).digest())[:most]
    return TextsToAskFor(texts, min(options.pseudo_queries_per_text, max(1, most // max(1, len(texts)))), usual)


def usual_words(texts: Sequence[str]) -> frozenset[str]:
    """Returns the words that at least two texts have and no more than a twentieth of them.

    One that a single product has is rather its name than what people ask for, and one that many have tells nothing.
    """
    frequency = Counter(word for text in texts for word in set(query_words(text)))
    return frozenset(word for word, texts_with in frequency.items() if 2 <= texts_with <= _COMMON * len(texts))


class MakeQueries(beam.DoFn):
    """Lists of (text, product indices) to (bucket, Arrow IPC stream of pairs) of queries made from the texts.

    Of each text some queries are made to train on, and one to evaluate on, perturbed in a way that training never
    sees; none of a text that no such way changes. Everything random comes from sha256 of the seed and the text.

    Args:
        seed: The seed.
        per_text: Queries of a text to train on.
        usual: Words that short queries are made of.
        buckets: Into which pairs are cut by their query.
    """

    def __init__(self, seed: int, per_text: int, usual: frozenset[str], buckets: int) -> None:
        self._seed, self._per_text, self._usual, self._buckets = seed, per_text, usual, buckets

    def process(self, texts: Sequence[tuple[str, Sequence[int]]]) -> Iterator[Any]:
        """Handles one batch."""
        columns: dict[str, list[Any]] = {"query": [], "product_index": [], "slice": []}
        made = 0
        for text, products in texts:
            for query, name in dict.fromkeys(self._queries(text)):
                made += 1
                columns["query"].extend([query] * len(products))
                columns["product_index"].extend(products)
                columns["slice"].extend([name] * len(products))
        yield beam.pvalue.TaggedOutput(COUNTS, Counter({"made_queries": made}))
        pairs = pairs_table(
            pa.array(columns["query"], pa.string()),
            pa.array(columns["product_index"], pa.int64()),
            pa.array(np.ones(len(columns["query"]), np.float32)),
            MADE,
            pa.array(columns["slice"], pa.string()),
        )
        yield from split_by_query(pairs, self._buckets)

    def _queries(self, text: str) -> Iterator[tuple[str, str]]:
        words = query_words(text)
        if not words:
            return
        random = Random(hashlib.sha256(f"{self._seed} {text}".encode()).digest())
        for _ in range(self._per_text):
            short = random.random() < _SHORT
            asked = ask_shortly(words, self._usual, random) if short else perturb_for_training(words, random)
            yield join_words(asked), TRAINING
        # A perturbation that leaves a text as it is, such as that of spelling a text of digits, would not be judged.
        for name in random.sample(sorted(EVALUATION_PERTURBATIONS), len(EVALUATION_PERTURBATIONS)):
            perturbed = EVALUATION_PERTURBATIONS[name](words, random)
            if perturbed != words:
                yield join_words(perturbed), name
                return


def products_by_text(catalogue: pa.Table) -> list[tuple[str, list[int]]]:
    """Returns each distinct text of a catalogue with the indices of its products, in order of first appearance."""
    products: dict[str, list[int]] = {}
    for index, text in enumerate(catalogue["text"].to_pylist()):
        products.setdefault(text, []).append(index)
    return list(products.items())
