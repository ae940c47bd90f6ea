"""What a served search model answers, and a second way to it and to its metrics: NumPy and plain Python."""

import functools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from serving.graph.filters import MAX_EXCLUDED_IDS
from serving.graph.words import split_words
from tests.components.search.trained_search import TrainedSearch
from trainer.search.encoder import load_encoder


def answers(trained: TrainedSearch, queries: Sequence[str], k: int) -> list[dict[str, list[Any]]]:
    """Asks the served model without any filter; returns each query's answer."""
    rows = len(queries)
    outputs = _load(f"{trained.index.uri}/Format-Serving").signatures["filtered"](
        query=tf.constant(queries),
        k=tf.fill([rows], k),
        category=tf.fill([rows], ""),
        max_price=tf.zeros([rows]),
        in_stock_only=tf.fill([rows], False),
        exclude_ids=tf.fill([rows, MAX_EXCLUDED_IDS], ""),
    )
    return [{name: output.numpy()[row].tolist() for name, output in outputs.items()} for row in range(rows)]


def rankings(trained: TrainedSearch, queries: Sequence[str], k: int) -> list[dict[str, list[Any]]]:
    """Asks the served model for every product, none of which stands for others; otherwise as `answers`."""
    outputs = _load(f"{trained.index.uri}/Format-Serving").signatures["evaluate"](
        query=tf.constant(queries), k=tf.fill([len(queries)], k)
    )
    return [{name: output.numpy()[row].tolist() for name, output in outputs.items()} for row in range(len(queries))]


class PlainSearch:
    """Scores all products for each of some queries; words are counted over the distinct texts."""

    def __init__(self, trained: TrainedSearch, queries: Sequence[str]) -> None:
        self.ids = [row["product_id"] for row in trained.examples.catalogue]
        encoder = load_encoder(trained.encoder.uri)
        texts = [row["text"] for row in trained.examples.catalogue]
        cosines = encoder.embed(queries, 32) @ encoder.embed(texts, 32).T
        self._cosines = dict(zip(queries, cosines, strict=True))
        distinct = list(dict.fromkeys(texts))
        self._texts = [distinct.index(text) for text in texts]
        self._words = [Counter(words) for words in _words(distinct)]
        self._found_in = Counter(word for words in self._words for word in words)

    def cosines(self, query: str) -> np.ndarray:
        """By meaning."""
        return self._cosines[query]

    def shares(self, query: str) -> np.ndarray:
        """By words: BM25 with k1 0.9 and b 0.4, over the sum of the known words' inverse document frequencies."""
        known = [word for word in _words([query])[0] if word in self._found_in]
        rarity = {word: self._rarity(word) for word in known}
        mean_length = np.mean([words.total() for words in self._words])
        shares = np.array(
            [
                sum(
                    rarity[word] * words[word] / (words[word] + 0.9 * (0.6 + 0.4 * words.total() / mean_length))
                    for word in known
                )
                / max(sum(rarity.values()), 1e-9)
                for words in self._words
            ]
        )
        return shares[self._texts]

    def ranked(self, scores: np.ndarray) -> list[str]:
        """All product ids, the best first, the first of equals first."""
        return [self.ids[place] for place in np.argsort(-np.round(scores, 6), kind="stable")]

    def _rarity(self, word: str) -> float:
        texts, found = len(self._words), self._found_in[word]
        return math.log(1 + (texts - found + 0.5) / (found + 0.5))


def metrics(listed: Sequence[str], wanted: set[str], k: int) -> dict[str, float]:
    """Recall, NDCG and MRR at k of one list."""
    places = [place for place, product in enumerate(listed[:k], start=1) if product in wanted]
    best = min(k, len(wanted))
    return {
        f"recall_at_{k}": len(places) / best,
        f"ndcg_at_{k}": sum(1 / math.log2(place + 1) for place in places)
        / sum(1 / math.log2(place + 1) for place in range(1, best + 1)),
        f"mrr_at_{k}": 1 / places[0] if places else 0.0,
    }


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric."""
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


@functools.lru_cache(maxsize=2)
def _load(folder: str) -> Any:
    return tf.saved_model.load(folder)


def _words(texts: Sequence[str]) -> list[list[str]]:
    return [[word.decode() for word in words] for words in split_words(tf.constant(list(texts))).to_list()]
