"""The served classification model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from serving.answers import text_variable, texts_at
from serving.words import readable

# Of a longer text the beginning is read.
MAX_TEXT_CHARACTERS = 10_000
# Points of the integral behind `explain`; each costs a gradient.
EXPLANATION_STEPS = 32


def beginning(texts: tf.Tensor) -> tf.Tensor:
    """Returns what is read of texts, string `(batch,)`: at most `MAX_TEXT_CHARACTERS`, controls and bad bytes blank."""
    # A character has at most four bytes; what is cut in two there lies past the characters that are kept.
    few = tf.strings.substr(texts, 0, 4 * MAX_TEXT_CHARACTERS)
    return tf.strings.substr(readable(few), 0, MAX_TEXT_CHARACTERS, unit="UTF8_CHAR")


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
    """The parts of a classifier that the signatures are made of.

    Attributes:
        tokenize: Maps texts, string `(batch,)`, to `Tokens`.
        classify_tokens: Maps ids and mask to probabilities float32 `(batch, classes)`.
        embed_tokens: Maps ids to word embeddings float32 `(batch, width, dimensions)`.
        classify_embeddings: Maps word embeddings and mask to what `classify_tokens` makes of their ids.
        neutral_token: Id of a token that says nothing.
        vocabulary: The tokens by id.
        variables: What all of it computes with.
    """

    tokenize: Callable[[tf.Tensor], Tokens]
    classify_tokens: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    embed_tokens: Callable[[tf.Tensor], tf.Tensor]
    classify_embeddings: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    neutral_token: int
    vocabulary: Sequence[bytes]
    variables: Sequence[tf.Variable]


class ClassificationModule(tf.Module):
    """Gives texts labels, the most probable first, and says what in a text spoke for the first one.

    A text of which no token is known, an empty one too, gets an answer: what the model says of nothing.

    Args:
        classifier: What classifies.
        labels: The label vocabulary, in the order of the probabilities.
    """

    def __init__(self, classifier: ServedClassifier, labels: Sequence[bytes]) -> None:
        super().__init__(name="classification")
        self._labels = text_variable(labels, "labels")
        self._vocabulary = text_variable(classifier.vocabulary, "vocabulary")
        # Behind a plain function what it holds is not tracked: only these variables go into the SavedModel.
        self._classifier: Callable[[], ServedClassifier] = lambda: classifier
        self._classifier_variables = list(classifier.variables)

    def signatures(self) -> dict[str, Any]:
        """Traces the signatures, to be handed to `tf.saved_model.save` with this module."""
        text = tf.TensorSpec([None], tf.string, "text")
        every = {"serving_default": self.classify, "evaluate": self.evaluate, "explain": self.explain}
        return {
            name: tf.function(method, autograph=False).get_concrete_function(text=text)
            for name, method in every.items()
        }

    def classify(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: all labels of each text, the most probable first."""
        values, places = tf.math.top_k(self._probabilities(text), k=self._labels.shape[0])
        return {"labels": texts_at(self._labels, places), "probabilities": values}

    def evaluate(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: probabilities in the order of the label vocabulary."""
        return {"probabilities": self._probabilities(text)}

    def explain(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `explain`: each token of a text, and what it adds to the probability of the best label.

        These are integrated gradients over the word embeddings (Sundararajan et al., "Axiomatic attribution for deep
        networks", ICML 2017), beside the same text with [MASK] for each of its tokens: attributions sum up to the
        difference of the two probabilities, but for an error of the integral, which is taken at 32 points by
        Gauss-Legendre quadrature. Padding is "" and 0.
        """
        classifier = self._classifier()
        tokens = classifier.tokenize(text)
        best = tf.argmax(classifier.classify_tokens(tokens.ids, tokens.mask), axis=1)
        neutral = classifier.embed_tokens(tf.where(tokens.shown, classifier.neutral_token, tokens.ids))
        way = classifier.embed_tokens(tokens.ids) - neutral
        points, weights = (tf.constant(values, tf.float32) for values in _quadrature(EXPLANATION_STEPS))

        def add_gradient(step: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            embeddings = neutral + points[step] * way
            with tf.GradientTape() as tape:
                tape.watch(embeddings)
                probabilities = classifier.classify_embeddings(embeddings, tokens.mask)
                probability = tf.gather(probabilities, best, batch_dims=1)
            return step + 1, total + weights[step] * tape.gradient(probability, embeddings)

        _, gradients = tf.while_loop(
            lambda step, total: step < EXPLANATION_STEPS,
            add_gradient,
            [tf.constant(0), tf.zeros_like(way)],
            parallel_iterations=1,
        )
        attributions = tf.where(tokens.shown, tf.reduce_sum(gradients * way, axis=2), 0.0)
        shown = texts_at(self._vocabulary, tf.where(tokens.shown, tokens.ids, -1))
        # The first token is [CLS].
        return {"tokens": shown[:, 1:], "attributions": attributions[:, 1:]}

    def _probabilities(self, text: tf.Tensor) -> tf.Tensor:
        classifier = self._classifier()
        tokens = classifier.tokenize(text)
        return classifier.classify_tokens(tokens.ids, tokens.mask)


def _quadrature(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns points and weights of the Gauss-Legendre quadrature from 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return (points + 1.0) / 2.0, weights / 2.0
