"""Why a classifier found what it found: integrated gradients, in the graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

# Points of the integral; each costs a gradient.
EXPLANATION_STEPS = 32


class Tokens(NamedTuple):
    """Texts as tokens, each `(batch, width)`.

    Attributes:
        ids: int32 token ids.
        mask: bool, false for padding.
        shown: bool, true for tokens of the text itself.
    """

    ids: tf.Tensor
    mask: tf.Tensor
    shown: tf.Tensor


@dataclass(frozen=True, kw_only=True)
class ServedClassifier:
    """The parts of a classifier that signatures are made of.

    Numbers are float32 `(batch, numbers)`, none of them for a classifier of texts alone.

    Attributes:
        tokenize: Maps texts, string `(batch,)`, to `Tokens`.
        classify_tokens: Maps ids, mask and numbers to probabilities float32 `(batch, classes)`.
        represent_tokens: Maps ids, mask and numbers to what the last layer reads, float32 `(batch, dimensions)`.
        embed_tokens: Maps ids to word embeddings float32 `(batch, width, dimensions)`.
        classify_embeddings: Maps word embeddings, mask and numbers to what `classify_tokens` makes of their ids.
        neutral_token: Id of a token that says nothing.
        neutral_numbers: float32 `(numbers,)` that say nothing.
        variables: What all of it computes with.
    """

    tokenize: Callable[[tf.Tensor], Tokens]
    classify_tokens: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
    represent_tokens: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
    embed_tokens: Callable[[tf.Tensor], tf.Tensor]
    classify_embeddings: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
    neutral_token: int
    neutral_numbers: np.ndarray
    variables: Sequence[tf.Variable]


def attributions(classifier: ServedClassifier, tokens: Tokens, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what each token and each number adds to the probability of the best label.

    These are integrated gradients over the word embeddings and the numbers (Sundararajan et al., "Axiomatic attribution
    for deep networks", ICML 2017), beside the same text with [MASK] for each of its tokens and numbers as they are on
    average: a row sums up to the difference of the two probabilities, but for an error of the integral, which is taken
    at 32 points by Gauss-Legendre quadrature.

    Args:
        classifier: The classifier.
        tokens: The texts.
        numbers: float32 `(batch, numbers)` beside them.

    Returns:
        float32 `(batch, width)`, 0 for what is not of the text itself, and float32 `(batch, numbers)`.
    """
    by_token, gradients = integrated_gradients(classifier, tokens, numbers)
    return by_token, gradients * (numbers - classifier.neutral_numbers)


def integrated_gradients(
    classifier: ServedClassifier, tokens: Tokens, numbers: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what each token adds, as `attributions` does, and what each number adds for each 1 that it is away.

    That is away from the neutral number; both are as `attributions` takes and returns them.
    """
    best = tf.argmax(classifier.classify_tokens(tokens.ids, tokens.mask, numbers), axis=1)
    neutral = classifier.embed_tokens(tf.where(tokens.shown, classifier.neutral_token, tokens.ids))
    way = classifier.embed_tokens(tokens.ids) - neutral
    neutral_numbers = tf.zeros_like(numbers) + classifier.neutral_numbers
    number_way = numbers - neutral_numbers
    points, weights = (tf.constant(values, tf.float32) for values in _quadrature(EXPLANATION_STEPS))

    def add_gradient(step: tf.Tensor, total: tf.Tensor, number_total: tf.Tensor) -> tuple[tf.Tensor, ...]:
        embeddings = neutral + points[step] * way
        values = neutral_numbers + points[step] * number_way
        with tf.GradientTape() as tape:
            tape.watch([embeddings, values])
            probabilities = classifier.classify_embeddings(embeddings, tokens.mask, values)
            probability = tf.gather(probabilities, best, batch_dims=1)
        # A classifier may read no tokens, or no numbers.
        gradients = tape.gradient(probability, [embeddings, values], unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return step + 1, total + weights[step] * gradients[0], number_total + weights[step] * gradients[1]

    _, gradients, number_gradients = tf.while_loop(
        lambda step, *totals: step < EXPLANATION_STEPS,
        add_gradient,
        [tf.constant(0), tf.zeros_like(way), tf.zeros_like(number_way)],
        parallel_iterations=1,
    )
    return tf.where(tokens.shown, tf.reduce_sum(gradients * way, axis=2), 0.0), number_gradients


def _quadrature(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns points and weights of the Gauss-Legendre quadrature from 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return (points + 1.0) / 2.0, weights / 2.0
