"""Pairs of a query and a text that answers it, in batches with hard negatives."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import unsharded
from trainer.search.options import SearchTrainingOptions
from trainer.search.queries import JudgedQueries

# A query with more texts that answer it, which is a vague one, is not told of the rest.
_MAX_RELEVANT = 32
# Stands for no text.
_NONE = -1

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TrainingPairs:
    """What is learned, by rows of the training queries and of the distinct texts.

    Attributes:
        query: int64 `(pairs,)`.
        text: int64 `(pairs,)`.
        weight: float32 `(pairs,)`, the relevance.
        relevant: int64 `(queries, width)`: texts that answer each query, -1 for none.
        irrelevant: For each query, texts that were judged not to answer it.
        judged: For each query, all texts that were judged for it.
        asked: bool `(queries,)`, false for those that were made of the catalogue.
        texts: Distinct texts.
    """

    query: IntArray
    text: IntArray
    weight: npt.NDArray[np.float32]
    relevant: IntArray
    irrelevant: list[IntArray]
    judged: list[IntArray]
    asked: npt.NDArray[np.bool_]
    texts: int


def training_pairs(
    queries: JudgedQueries, text_of_product: IntArray, options: SearchTrainingOptions, seed: int
) -> TrainingPairs:
    """Brings judgements of products down to their texts: one that several products share is judged by the best.

    Args:
        queries: The training queries.
        text_of_product: int64 `(products,)` row of each product's text.
        options: Which pairs are learned, and how many at the most.
        seed: Of the sample where there are more.

    Raises:
        ValueError: No pair is relevant enough.
    """
    rows, texts = queries.rows(), text_of_product[queries.products]
    order = np.lexsort((-queries.relevance, texts, rows))
    rows, texts, relevance = rows[order], texts[order], queries.relevance[order]
    first = np.append(True, (np.diff(rows) != 0) | (np.diff(texts) != 0))[: len(rows)]
    rows, texts, relevance = rows[first], texts[first], relevance[first]
    learned = np.flatnonzero(relevance >= options.relevant_from)
    if not len(learned):
        raise ValueError(
            f"No training query has a product of relevance {options.relevant_from} or more. Lower "
            "`tasks.search.training.relevant_from`, or give judgements of that relevance."
        )
    relevant = np.full((len(queries), _MAX_RELEVANT), _NONE, np.int64)
    places = _places_within(rows[learned])
    shown = places < _MAX_RELEVANT
    relevant[rows[learned][shown], places[shown]] = texts[learned][shown]
    if len(learned) > options.max_pairs:
        learned = np.sort(np.random.default_rng(seed).choice(learned, options.max_pairs, replace=False))
    bounds = np.searchsorted(rows, np.arange(len(queries) + 1))
    slices = [slice(start, stop) for start, stop in itertools.pairwise(bounds)]
    return TrainingPairs(
        query=rows[learned],
        text=texts[learned],
        weight=relevance[learned],
        relevant=relevant,
        irrelevant=[texts[each][relevance[each] < options.relevant_from] for each in slices],
        judged=[texts[each] for each in slices],
        asked=queries.asked(),
        texts=int(text_of_product.max()) + 1,
    )


class BatchSource:
    """Passes over the pairs, each in another random order, without those that fill no batch.

    A batch is a dict of `query` and `text` int32 `(batch,)`, `negatives` int32 `(batch, hard_negatives)`, `relevant`
    int32 `(batch, width)`, -1 for none, `weight` float32 `(batch,)` and `asked` bool `(batch,)`. A hard negative is
    drawn from the judged ones of its query half of the time where there are any, else from the mined ones, else from
    all texts.

    Attributes:
        pairs: What is learned.
        mined: For each query, texts near to it; may be replaced between two passes. A checkpoint of the training has to
            hold them.
        steps: Batches of a pass.

    Args:
        pairs: What is learned.
        options: Sizes.
        seed: Of the order and of the negatives.
    """

    def __init__(self, pairs: TrainingPairs, options: SearchTrainingOptions, seed: int) -> None:
        self.pairs = pairs
        self.mined: list[IntArray] = [np.zeros(0, np.int64)] * len(pairs.judged)
        self._negatives = options.hard_negatives
        self._size = min(options.batch_size, len(pairs.query))
        self._seed = seed
        self.steps = len(pairs.query) // self._size

    def epoch(self, number: int, first: int = 0) -> tf.data.Dataset:
        """Returns a pass, from its batch `first` on."""
        signature = {
            "query": tf.TensorSpec([None], tf.int32),
            "text": tf.TensorSpec([None], tf.int32),
            "negatives": tf.TensorSpec([None, self._negatives], tf.int32),
            "relevant": tf.TensorSpec([None, self.pairs.relevant.shape[1]], tf.int32),
            "weight": tf.TensorSpec([None], tf.float32),
            "asked": tf.TensorSpec([None], tf.bool),
        }
        batches = tf.data.Dataset.from_generator(lambda: self._batches(number, first), output_signature=signature)
        counted = batches.apply(tf.data.experimental.assert_cardinality(self.steps - first))
        return unsharded(counted.prefetch(2))

    def state(self) -> list[IntArray]:
        """Returns the mined texts, for a checkpoint."""
        return [np.concatenate(self.mined), np.cumsum([0, *map(len, self.mined)])]

    def restore(self, arrays: list[IntArray]) -> None:
        """Takes up what `state` has returned."""
        texts, bounds = arrays
        self.mined = [texts[start:stop] for start, stop in itertools.pairwise(bounds)]

    def _batches(self, number: int, first: int) -> Iterator[dict[str, npt.NDArray[Any]]]:
        order = np.random.default_rng([self._seed, number]).permutation(len(self.pairs.query))
        for place in range(first, self.steps):
            # Numbers of its own for each batch, so that a training can go on at any.
            random = np.random.default_rng([self._seed, number, place])
            chosen = order[place * self._size : (place + 1) * self._size]
            query = self.pairs.query[chosen]
            negatives = [
                [
                    _draw(self.pairs.irrelevant[row], self.mined[row], self.pairs.texts, random)
                    for _ in range(self._negatives)
                ]
                for row in query
            ]
            yield {
                "query": query.astype(np.int32),
                "text": self.pairs.text[chosen].astype(np.int32),
                "negatives": np.array(negatives, np.int32).reshape(len(query), self._negatives),
                "relevant": self.pairs.relevant[query].astype(np.int32),
                "weight": self.pairs.weight[chosen],
                "asked": self.pairs.asked[query],
            }


def _draw(irrelevant: IntArray, mined: IntArray, texts: int, random: np.random.Generator) -> int:
    if len(irrelevant) and (not len(mined) or random.random() < 0.5):
        return int(irrelevant[random.integers(len(irrelevant))])
    return int(mined[random.integers(len(mined))]) if len(mined) else int(random.integers(texts))


def _places_within(rows: IntArray) -> IntArray:
    """Returns the place of each element among those of the same row; `rows` is sorted."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows)
