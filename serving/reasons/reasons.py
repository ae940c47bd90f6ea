"""Reasons as people read them: the parts of a text, and what the tokens of each add, in plain TensorFlow ops."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from serving.graph.words import rows_of
from serving.reasons.explanation import Tokens


class Reasons(NamedTuple):
    """What speaks for an answer or against it, the strongest first.

    Attributes:
        texts: string `(batch, reasons)`; "" is padding, always at the end.
        attributions: float32 `(batch, reasons)`; 0 in padding.
    """

    texts: tf.Tensor
    attributions: tf.Tensor


def by_part(parts: Any, tokenize: Callable[[tf.Tensor], Tokens], tokens: Tokens, attributions: tf.Tensor) -> Any:
    """Sums what tokens add over the parts of a text that they stand in.

    Args:
        parts: Ragged string `(batch, parts)`: the texts, cut where their tokenizer cuts too, such as at spaces.
        tokenize: What made `tokens` of the texts.
        tokens: The texts' tokens; those of a long text may end before its parts do.
        attributions: float32 `(batch, width)` of the tokens.

    Returns:
        Ragged float32 `(batch, parts)`; a row has the sum that the text's tokens have.
    """
    counts = tf.math.count_nonzero(tokenize(parts.flat_values).shown, axis=1)
    ends = tf.concat([[0], tf.cumsum(counts)], axis=0)
    row = rows_of(parts)
    before_row = tf.gather(ends, tf.gather(parts.row_splits, row))
    read = tf.gather(tf.math.count_nonzero(tokens.shown, axis=1), row)
    first, last = (tf.minimum(place - before_row, read) for place in (ends[:-1], ends[1:]))
    # Nothing of a row is lost, should a text that was cut within a word have other tokens than the whole word.
    ends_row = tf.equal(tf.range(1, tf.size(row, tf.int64) + 1), tf.gather(parts.row_splits, row + 1))
    last = tf.where(ends_row, read, last)
    # Parts follow each other as their tokens do.
    each = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(attributions, tokens.shown), last - first, validate=False)
    return parts.with_flat_values(tf.reduce_sum(each, axis=1))


def strongest_first(texts: tf.Tensor, attributions: tf.Tensor) -> Reasons:
    """Orders reasons by how much they add or take away.

    Args:
        texts: string `(batch, reasons)`; "" is no reason and comes last.
        attributions: float32 `(batch, reasons)`; 0 for "".
    """
    return Reasons(*in_order(texts, tf.abs(attributions), texts, attributions))


def in_order(texts: tf.Tensor, strengths: tf.Tensor, *columns: tf.Tensor) -> list[tf.Tensor]:
    """Returns columns with the strongest first, and last those whose text is ""; all are `(batch, reasons)`."""
    order = tf.argsort(tf.where(texts == "", -1.0, strengths), axis=1, direction="DESCENDING", stable=True)
    return [tf.gather(column, order, batch_dims=1) for column in columns]
