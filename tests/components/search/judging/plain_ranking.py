"""What a served search model answers, and a second way to it and to its metrics: NumPy and plain Python."""

import functools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from serving.graph.filters import MAX_EXCLUDED_IDS
from serving.graph.words import plain_words, singular_words, split_words
from tests.components.search.trained_search import TrainedSearch
from tests.serving.graph.plain_words import PlainBm25
from tests.serving.search.plain_distance import plain_corrected
from trainer.search.encoder import SearchEncoder, load_encoder
from trainer.search.index.category_vectors import CATEGORY_WEIGHT

_BETWEEN_PHRASES = r"[^\w '-]+| - |\b(?:for|with|in|to|from|that|which|on|at|by|please)\b"


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
    return [{name: output.numpy().tolist()[row] for name, output in outputs.items()} for row in range(rows)]


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
        self.vectors = np.stack(
            [
                encoder.embed([text], 1)[0] + CATEGORY_WEIGHT * _shelf(encoder, row["category"])
                for text, row in zip(texts, trained.examples.catalogue, strict=True)
            ]
        )
        vectors = dict(zip(texts, self.vectors, strict=True))
        distinct = list(dict.fromkeys(texts))
        self._rows = [distinct.index(text) for text in texts]
        self._known = {word for row in _words(encoder.text_encoder.tokenizer.get_vocabulary()) for word in row[:1]}
        counted = _words(distinct)
        self._frequency = Counter(word for words in counted for word in set(words))
        telling = {}
        for word in self._known & set(self._frequency):
            if word.isalpha() and max(word) < "\u0e00":
                having = [vectors[text] for text, words in zip(distinct, counted, strict=True) if word in words]
                mean = np.mean(having, axis=0)
                cosine = encoder.embed([word], 1)[0] @ mean / np.linalg.norm(mean)
                telling[word] = float(np.clip(cosine / 0.3, 0.0, 1.0))
        self._bm25 = PlainBm25(counted, telling=telling, kinds=_kinds(distinct))
        meant = encoder.embed([self._meant(query) for query in queries], 32)
        self._queries = dict(zip(queries, meant, strict=True))
        self._cosines = dict(zip(queries, meant @ self.vectors.T, strict=True))

    def cosines(self, query: str) -> np.ndarray:
        """By meaning, as the dot product with a text and its shelf."""
        return self._cosines[query]

    def _meant(self, query: str) -> str:
        """The query, or its words where one of them is spelt wrong."""
        typed = plain_words(tf.constant([query]))
        words = [word.decode() for word in singular_words(typed).to_list()[0]]
        right = [word if word in self._known else plain_corrected(word, self._frequency) for word in words]
        if right == words:
            return query
        pairs = zip(typed.to_list()[0], words, right, strict=True)
        return " ".join(new if new != old else word.decode() for word, old, new in pairs)

    def is_strange(self, query: str) -> bool:
        """Whether the query, once corrected, has a word of three letters or more that no text has."""
        words = [word if word in self._known else plain_corrected(word, self._frequency) for word in _words([query])[0]]
        return any(word.isalpha() and len(word) >= 3 and word not in self._frequency for word in words)

    def shares(self, query: str) -> np.ndarray:
        """By words, after those that nothing knows are corrected."""
        words = [word if word in self._known else plain_corrected(word, self._frequency) for word in _words([query])[0]]
        return self._bm25.scores(words)[self._rows]

    def scores(self, query: str, fusion: Mapping[str, float]) -> np.ndarray:
        """By both, and by feedback."""
        scores = fusion["dense"] * self.cosines(query) + fusion["lexical"] * self.shares(query)
        return self.with_feedback(scores, fusion["feedback"])

    def with_feedback(self, scores: np.ndarray, weight: float) -> np.ndarray:
        """Scores of products, and what the best twenty texts are about."""
        _, first = np.unique(self._rows, return_index=True)
        best = first[np.argsort(-scores[first], kind="stable")[:20]]
        closeness: np.ndarray = self.vectors @ self.vectors[best].mean(axis=0)
        return scores + weight * closeness

    def ranked(self, scores: np.ndarray) -> list[str]:
        """All product ids, the best first, the first of equals first."""
        return [self.ids[place] for place in np.argsort(-np.round(scores, 6), kind="stable")]


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


def _kinds(texts: Sequence[str]) -> set[str]:
    """Words of three letters or more that end at least half of the phrases that have them."""
    phrases = [part for text in texts for part in re.split(_BETWEEN_PHRASES, text.lower()) if part.strip()]
    rows = [[word for word in words if not word[0].isdigit()] for words in _words(phrases)]
    having = Counter(word for words in rows for word in set(words))
    ending = Counter(words[-1] for words in rows if words)
    kinds = (word for word, times in ending.items() if 2 * times >= having[word])
    return {word for word in kinds if len(word) >= 3 and max(word) < "\u0e00"}


@functools.lru_cache(maxsize=100)
def _shelf(encoder: SearchEncoder, category: str) -> np.ndarray:
    """What a category means: the mean of its levels' names."""
    mean: np.ndarray = encoder.embed(category.split(" > "), 32).mean(axis=0)
    return mean


def _words(texts: Sequence[str]) -> list[list[str]]:
    return [[word.decode() for word in words] for words in split_words(tf.constant(list(texts))).to_list()]
