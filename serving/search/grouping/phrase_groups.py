"""Groups of an answer's products by phrases of their titles, in plain TensorFlow ops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.words import index_words, joined, plain_words
from serving.index.exact import RetrievalIndex
from serving.search.grouping.category_groups import MOST_GROUPS

# Phrases that are looked at closely; those that are in most products, and in few, are none of them.
CANDIDATES = 32
FEWEST_PRODUCTS, LOWEST_SHARE, HIGHEST_SHARE = 3, 0.04, 0.6
# A phrase that is e times e as frequent as in the catalogue, or more, is worth all of what it covers.
FULL_SURPRISE = 2.0
# How much of what a phrase covers is likeness; the rest is to have the phrase.
LIKENESS = 0.4
# What a further group has to cover of all products.
LEAST_GAIN = 0.02
# A longer phrase with so large a share of a phrase's products stands for it: Ralph Lauren for Ralph.
SAME_PRODUCTS = 0.8
# It may be worth a little less.
WORTH_MARGIN = 0.05
# A product without any of the phrases belongs to a group that it is so near to.
PLACED_FROM = 0.6


@dataclass(frozen=True, kw_only=True)
class TitlePhrases:
    """Phrases of titles.

    Attributes:
        keys: The words of each as `serving.graph.words.index_words` has them, with spaces between; distinct.
        of_text: int32 `(texts, width)`: phrases of each text's title, each once; -1 for none.
        words: int32 `(phrases,)`: their words.
        worths: float32 `(phrases,)`: how well each names a kind of products, from 0 to 1.
        shares: float32 `(phrases,)`: the share of texts that have each.
    """

    keys: Sequence[bytes]
    of_text: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]
    worths: npt.NDArray[np.float32]
    shares: npt.NDArray[np.float32]


class _Candidates(NamedTuple):
    """Phrases that may name a group.

    Attributes:
        phrases: int32 `(batch, candidates)`.
        worths: float32 `(batch, candidates)`; 0 for none.
        members: float32 `(batch, n, candidates)`: 1 where a product has a phrase.
        common: int32 `(batch,)`: the phrase that most products have; -1 for none.
    """

    phrases: tf.Tensor
    worths: tf.Tensor
    members: tf.Tensor
    common: tf.Tensor


class PhraseGroups(tf.Module):
    """Chooses phrases that part some products, and puts those that have none of them to the nearest.

    A phrase covers a product by a share: `LIKENESS` times the cosine of the product and of the mean of the products
    that have it, and the rest where the product has it; times the phrase's worth, and less where the phrase is as
    frequent in all of the catalogue. Phrases are chosen one by one, each time the one that adds most to what the best
    phrase of each product covers: the greedy choice for the facility location problem (Cornuejols, Fisher and
    Nemhauser, "Location of bank accounts to optimize float", 1977), whose sum is at least 63% of the best one.

    A product is in the group of the phrase that covers it best, of those that it has, else of one that it is near to.
    Vectors are looked at less their mean, as what all products share tells none of them apart.

    Args:
        phrases: Of the catalogue.
        index: Vectors of the texts.
    """

    def __init__(self, phrases: TitlePhrases, index: RetrievalIndex) -> None:
        super().__init__(name="phrase_groups")
        self._index = index
        self._size = len(phrases.words) + 1
        self._keys = IdLookup(phrases.keys, what="phrase")
        self._of_text = tf.Variable(phrases.of_text, trainable=False, name="of_text")
        # One more than there are, as nothing can be looked up in what is empty.
        self._words = tf.Variable(np.append(phrases.words, np.int32(1)), trainable=False, name="words")
        self._worths = tf.Variable(np.append(phrases.worths, np.float32(0)), trainable=False, name="worths")
        self._shares = tf.Variable(np.append(phrases.shares, np.float32(1)), trainable=False, name="shares")

    def choose(self, query: tf.Tensor, texts: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the phrase by which each product is grouped, int32 `(batch, n)`, and the one that most have.

        That is -1 for none, and the phrase that most products have is int32 `(batch,)`, -1 likewise.

        Args:
            query: string `(batch,)`: a phrase that is the query itself tells nothing apart.
            texts: int32 `(batch, n)`.
            found: bool `(batch, n)`: False for an empty column.
        """
        count = tf.reduce_sum(tf.cast(found, tf.float32), axis=1)
        candidates = self._candidates(self._asked(query), texts, found, count)
        members = candidates.members
        shown = tf.cast(found, tf.float32)[:, :, tf.newaxis]
        vectors = self._index.vectors_at(texts) * shown
        mean = tf.math.divide_no_nan(tf.reduce_sum(vectors, axis=1), count[:, tf.newaxis])
        vectors = tf.math.l2_normalize((vectors - mean[:, tf.newaxis]) * shown, axis=2)
        centres = tf.math.l2_normalize(tf.matmul(members, vectors, transpose_a=True), axis=2)
        likeness = tf.matmul(vectors, centres, transpose_b=True)
        covered = (1.0 - LIKENESS) * members + LIKENESS * tf.maximum(likeness, 0.0)
        covered = covered * self._final_worths(candidates)[:, tf.newaxis, :] * shown

        by_phrase = tf.transpose(covered, [0, 2, 1])
        best = tf.zeros_like(covered[:, :, 0])
        chosen, real = [], []
        for _ in range(MOST_GROUPS - 1):
            gains = tf.reduce_sum(tf.maximum(by_phrase - best[:, tf.newaxis, :], 0.0), axis=2)
            phrase = tf.argmax(gains, axis=1, output_type=tf.int32)
            real.append(tf.reduce_max(gains, axis=1) > LEAST_GAIN * count)
            chosen.append(phrase)
            best = tf.maximum(best, tf.gather(by_phrase, phrase, batch_dims=1))
        places = tf.stack(chosen, axis=1)
        taken = tf.stack(real, axis=1)[:, tf.newaxis, :]
        has = tf.gather(members, places, axis=2, batch_dims=1) > 0.0
        near = tf.gather(likeness, places, axis=2, batch_dims=1) >= PLACED_FROM
        cover = tf.gather(covered, places, axis=2, batch_dims=1)
        # To have a phrase comes before being near to one.
        cover = tf.where(taken & (has | near), tf.where(has, 1.0 + cover, cover), -1.0)
        group = tf.argmax(cover, axis=2, output_type=tf.int32)
        phrases = tf.gather(tf.gather(candidates.phrases, places, batch_dims=1), group, batch_dims=1)
        placed = (tf.reduce_max(cover, axis=2) > 0.0) & found
        # Others may have taken the products of a phrase, all but one.
        sizes = tf.reduce_sum(tf.one_hot(tf.where(placed, group, -1), MOST_GROUPS - 1), axis=1)
        placed &= tf.gather(sizes, group, batch_dims=1) > 1.0
        return tf.where(placed, phrases, -1), candidates.common

    def _asked(self, query: tf.Tensor) -> tf.Tensor:
        """Returns the phrase that each query is, int32 `(batch,)`; -1 for none."""
        words = index_words(plain_words(query))
        return self._keys.index_of(joined(words))

    def _candidates(self, asked: tf.Tensor, texts: tf.Tensor, found: tf.Tensor, count: tf.Tensor) -> _Candidates:
        phrases = tf.gather(self._of_text, texts)
        places = tf.where((phrases >= 0) & found[:, :, tf.newaxis])
        row, column = places[:, 0], places[:, 1]
        # A phrase of a row is one number, as rows share phrases.
        numbers = row * self._size + tf.cast(tf.gather_nd(phrases, places), tf.int64)
        distinct, position, times = tf.unique_with_counts(numbers)
        owner, phrase = distinct // self._size, tf.cast(distinct % self._size, tf.int32)
        total = tf.gather(count, owner)
        times = tf.cast(times, tf.float32)
        share = times / total
        surprise = tf.math.log(share / tf.gather(self._shares, phrase)) / FULL_SURPRISE
        worth = tf.gather(self._worths, phrase) * tf.clip_by_value(surprise, 0.0, 1.0)
        fits = (
            (phrase != tf.gather(asked, owner))
            & (times >= FEWEST_PRODUCTS)
            & (share >= LOWEST_SHARE)
            & (share <= HIGHEST_SHARE)
        )
        score = tf.where(fits, -worth * share * tf.math.log(share), 0.0)
        rows = tf.shape(texts, out_type=tf.int64)[0]
        starts = tf.searchsorted(owner, tf.range(rows), out_type=tf.int64)
        usual = tf.where(
            share > HIGHEST_SHARE, worth * share * tf.cast(tf.gather(self._words, phrase), tf.float32), 0.0
        )
        both = tf.RaggedTensor.from_value_rowids(
            tf.stack([score, usual], axis=1), owner, nrows=rows, validate=False
        ).to_tensor(0.0)
        both = tf.pad(both, [[0, 0], [0, CANDIDATES], [0, 0]])
        best, columns = tf.math.top_k(both[:, :, 0], CANDIDATES)
        real = best > 0.0
        index = tf.where(real, starts[:, tf.newaxis] + tf.cast(columns, tf.int64), -1)
        # From the distinct phrases back to their candidates.
        kept = tf.where(real)
        candidate = tf.tensor_scatter_nd_update(
            tf.fill([tf.size(distinct)], tf.constant(-1, tf.int64)),
            tf.gather_nd(index, kept)[:, tf.newaxis],
            kept[:, 1],
        )
        candidate = tf.gather(candidate, position)
        used = tf.where(candidate >= 0)[:, 0]
        at = tf.gather(tf.stack([row, column, candidate], axis=1), used)
        shape = tf.concat([tf.shape(texts, out_type=tf.int64), [CANDIDATES]], axis=0)
        index = tf.maximum(index, 0)
        common = tf.minimum(starts + tf.argmax(both[:, :, 1], axis=1), tf.size(distinct, tf.int64))
        # Where no row has a phrase, there is nothing to take from.
        phrase, worth = tf.pad(phrase, [[0, 1]]), tf.pad(worth, [[0, 1]])
        return _Candidates(
            tf.gather(phrase, index),
            tf.where(real, tf.gather(worth, index), 0.0),
            tf.scatter_nd(at, tf.ones_like(used, tf.float32), shape),
            tf.where(tf.reduce_max(both[:, :, 1], axis=1) > 0.0, tf.gather(phrase, common), -1),
        )

    def _final_worths(self, candidates: _Candidates) -> tf.Tensor:
        """Returns the worths, 0 where a longer phrase has the same products."""
        both = tf.matmul(candidates.members, candidates.members, transpose_a=True)
        times = tf.linalg.diag_part(both)
        words = tf.gather(self._words, candidates.phrases)
        longer = words[:, :, tf.newaxis] < words[:, tf.newaxis, :]
        within = times[:, :, tf.newaxis] >= times[:, tf.newaxis, :]
        same = both >= SAME_PRODUCTS * tf.maximum(times, 1.0)[:, :, tf.newaxis]
        better = candidates.worths[:, tf.newaxis, :] >= candidates.worths[:, :, tf.newaxis] - WORTH_MARGIN
        return tf.where(tf.reduce_any(longer & within & same & better, axis=2), 0.0, candidates.worths)
