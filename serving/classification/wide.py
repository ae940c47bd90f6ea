"""The wide part of a classifier: a linear layer over hashed n-grams, alone or beside BERT, in plain TensorFlow ops."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.classification.ngrams import MOST_UNITS, NGrams, ngrams_of
from serving.reasons.explanation import ServedClassifier, Tokens
from serving.reasons.phrases import written_words

Array = npt.NDArray[np.float32]

_LEAST_PROBABILITY = 1e-9


class WideFacts(NamedTuple):
    """What a wide part has learned.

    Attributes:
        kernel: float32 `(buckets, classes)`.
        bias: float32 `(classes,)`.
        importance: float32 `(buckets,)`: what an n-gram counts, the more the fewer texts have it and the more unevenly
            labels have it; 0 for one that no text had.
    """

    kernel: Array
    bias: Array
    importance: Array


class WeighedNGrams(NamedTuple):
    """The n-grams of texts with their weights.

    Attributes:
        ngrams: The n-grams.
        weights: float32 `(n_grams,)`: those of equal n-grams of a text add up to 1 plus the logarithm of how many there
            are, times their importance; the squares of these sums add up to 1 in each text that has an important one.
    """

    ngrams: NGrams
    weights: tf.Tensor


def weighed_ngrams(words: Any, importance: tf.Tensor) -> WeighedNGrams:
    """Returns the n-grams of texts as TF-IDF weighs them, the term frequency sublinear.

    Args:
        words: Ragged string `(batch, words)`, as `written_words` cuts readable texts.
        importance: float32 `(buckets,)`.
    """
    buckets = importance.shape[0]
    ngrams = ngrams_of(words, buckets)
    _, places, counts = tf.unique_with_counts(ngrams.rows * buckets + ngrams.buckets)
    count = tf.cast(tf.gather(counts, places), tf.float32)
    value = (1.0 + tf.math.log(count)) * tf.gather(importance, ngrams.buckets)
    # Each of several equal ones has its share.
    squares = tf.math.unsorted_segment_sum(value * value / count, ngrams.rows, words.nrows())
    lengths = tf.gather(tf.sqrt(squares), ngrams.rows)
    return WeighedNGrams(ngrams, tf.math.divide_no_nan(value / count, lengths))


class WideLabels(tf.Module):
    """Tells labels by n-grams alone.

    Args:
        facts: What it has learned.
    """

    def __init__(self, facts: WideFacts) -> None:
        super().__init__(name="wide_labels")
        self.classes = len(facts.bias)
        self.kernel, self.bias, self.importance = (
            tf.Variable(getattr(facts, name), trainable=False, name=name) for name in ("kernel", "bias", "importance")
        )

    def logits(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(batch, classes)` of readable texts, string `(batch,)`; without any word it is the bias."""
        words = written_words(texts)
        found = weighed_ngrams(words, tf.convert_to_tensor(self.importance))
        added = tf.math.unsorted_segment_sum(self._added(found), found.ngrams.rows, words.nrows())
        return added + self.bias

    def by_word(self, words: Any) -> tf.Tensor:
        """Returns what each word adds to the logits, float32 `(all words, classes)`: all but the bias.

        An n-gram of several words adds the same share for each of them.

        Args:
            words: Ragged string `(batch, words)`, as `written_words` cuts readable texts.
        """
        found = weighed_ngrams(words, tf.convert_to_tensor(self.importance))
        ngrams, count = found.ngrams, tf.size(words.flat_values)
        shares = self._added(found) / tf.cast(ngrams.lengths, tf.float32)[:, tf.newaxis]
        total = tf.zeros([count, self.classes])
        for offset in range(MOST_UNITS):
            covers = tf.where(ngrams.lengths > offset)[:, 0]
            word = tf.gather(ngrams.words, tf.gather(ngrams.starts, covers) + offset)
            total += tf.math.unsorted_segment_sum(tf.gather(shares, covers), word, count)
        return total

    def _added(self, found: WeighedNGrams) -> tf.Tensor:
        kernel = tf.convert_to_tensor(self.kernel)
        return found.weights[:, tf.newaxis] * tf.gather(kernel, found.ngrams.buckets)


def beside(classifier: ServedClassifier, wide: WideLabels, power: float) -> ServedClassifier:
    """Returns a classifier that takes the logits of a wide part for its numbers, and adds them up with its own.

    Args:
        classifier: A classifier of texts alone.
        wide: The wide part.
        power: Power of the classifier's probabilities.
    """

    def fused(probabilities: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(power * tf.math.log(tf.maximum(probabilities, _LEAST_PROBABILITY)) + logits)

    def none(logits: tf.Tensor) -> tf.Tensor:
        return logits[:, :0]

    return dataclasses.replace(
        classifier,
        classify_tokens=lambda ids, mask, logits: fused(classifier.classify_tokens(ids, mask, none(logits)), logits),
        represent_tokens=lambda ids, mask, logits: classifier.represent_tokens(ids, mask, none(logits)),
        classify_embeddings=lambda embeddings, mask, logits: fused(
            classifier.classify_embeddings(embeddings, mask, none(logits)), logits
        ),
        neutral_numbers=wide.bias.numpy(),
    )


def alone(wide: WideLabels) -> ServedClassifier:
    """Returns a wide part as a classifier that reads no tokens: its logits stand for the numbers."""

    def no_tokens(texts: tf.Tensor) -> Tokens:
        ids = tf.zeros([tf.shape(texts)[0], 0], tf.int32)
        return Tokens(ids, ids > 0, ids > 0)

    return ServedClassifier(
        tokenize=no_tokens,
        classify_tokens=lambda ids, mask, logits: tf.nn.softmax(logits),
        represent_tokens=lambda ids, mask, logits: logits,
        embed_tokens=lambda ids: tf.zeros([tf.shape(ids)[0], tf.shape(ids)[1], 1]),
        classify_embeddings=lambda embeddings, mask, logits: tf.nn.softmax(logits),
        neutral_token=0,
        neutral_numbers=wide.bias.numpy(),
        variables=[],
    )
