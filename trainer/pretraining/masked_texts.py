"""Texts with word pieces hidden, as a masked language model learns from them."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import unsharded
from trainer.text.backbone import TextEncoder

# Of the pieces that are to be found so many are masked, and so many are other pieces; the rest stand as they are.
_MASKED, _REPLACED = 0.8, 0.1

Batch = dict[str, npt.NDArray[Any]]


class MaskedTexts:
    """Batches of texts in which pieces are to be found (Devlin et al., "BERT", NAACL 2019).

    A batch is `token_ids` int32 `(batch, length)` and `there` bool of the same shape; `position` and `piece` int32
    `(batch, found)`, where which piece is to be found, and `weight` float32, 0 in padding. What a batch holds depends
    on the seed and its number alone.

    Args:
        encoder: BERT and its tokenizer.
        texts: The texts.
        batch_size: Texts of a batch.
        fraction: Share of the pieces that are to be found.
        seed: Of the order and of the masks.
    """

    def __init__(self, encoder: TextEncoder, texts: Sequence[str], batch_size: int, fraction: float, seed: int) -> None:
        tokenizer = encoder.tokenizer
        self._token_ids = encoder.token_ids(tf.constant(list(texts), tf.string))
        self._batch_size, self._fraction, self._seed = batch_size, fraction, seed
        self._padding, self._mask = tokenizer.pad_token_id, tokenizer.mask_token_id
        pieces = tokenizer.get_vocabulary()
        self._special = np.array([piece.startswith("[") and piece.endswith("]") for piece in pieces])
        self._length = encoder.sequence_length
        self._found = max(2, round(self._length * fraction))

    def from_batch(self, first: int) -> tf.data.Dataset:
        """Returns endless batches, pass after pass, each in another random order."""
        ids, marks = (tf.TensorSpec([None, self._length], dtype) for dtype in (tf.int32, tf.bool))
        places, weights = (tf.TensorSpec([None, self._found], dtype) for dtype in (tf.int32, tf.float32))
        signature = {"token_ids": ids, "there": marks, "position": places, "piece": places, "weight": weights}
        batches = tf.data.Dataset.from_generator(
            lambda: map(self._batch, itertools.count(first)), output_signature=signature
        )
        return unsharded(batches.prefetch(2))

    def in_order(self, most: int) -> Iterator[Batch]:
        """Yields the texts in their own order, in so many batches at the most."""
        count = int(self._token_ids.nrows())
        for number in range(min(most, math.ceil(count / self._batch_size))):
            rows = np.arange(number * self._batch_size, min(count, (number + 1) * self._batch_size))
            yield self._masked(rows, np.random.default_rng([self._seed, number]))

    def _batch(self, number: int) -> Batch:
        count = int(self._token_ids.nrows())
        places = number * self._batch_size + np.arange(self._batch_size)
        rows = np.empty(self._batch_size, np.int64)
        for passed in np.unique(places // count):
            order = np.random.default_rng([self._seed, 0, passed]).permutation(count)
            now = places // count == passed
            rows[now] = order[places[now] % count]
        return self._masked(rows, np.random.default_rng([self._seed, 1, number]))

    def _masked(self, rows: npt.NDArray[np.int64], random: np.random.Generator) -> Batch:
        ragged = tf.gather(self._token_ids, rows)
        token_ids = ragged.to_tensor(self._padding, shape=[None, self._length]).numpy()
        pieces = ~self._special[token_ids]
        # Pieces come first, in random order; of a short text fewer than the row has room for are to be found.
        order = np.argsort(np.where(pieces, random.random(token_ids.shape), 2.0), axis=1)[:, : self._found]
        wanted = np.ceil(self._fraction * pieces.sum(axis=1, keepdims=True))
        weight = (np.arange(self._found) < wanted) & np.take_along_axis(pieces, order, axis=1)
        position = np.where(weight, order, 0)
        piece = np.where(weight, np.take_along_axis(token_ids, position, axis=1), 0)
        chance = random.random(piece.shape)
        others = random.choice(np.flatnonzero(~self._special), piece.shape)
        shown = np.where(chance < _MASKED, self._mask, np.where(chance < _MASKED + _REPLACED, others, piece))
        changed = token_ids.copy()
        row, column = np.nonzero(weight)
        changed[row, position[row, column]] = shown[row, column]
        return {
            "token_ids": changed.astype(np.int32),
            "there": token_ids != self._padding,
            "position": position.astype(np.int32),
            "piece": piece.astype(np.int32),
            "weight": weight.astype(np.float32),
        }
