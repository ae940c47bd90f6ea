"""The served classification model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from serving.graph.answers import text_variable, texts_at
from serving.graph.signatures import batch_of, trace
from serving.graph.spelling import readable
from serving.reasons.explanation import ServedClassifier, attributions
from serving.reasons.phrases import in_phrases, written_words
from serving.reasons.reasons import by_part
from serving.signature_names import EVALUATE, EXPLAIN, SERVING_DEFAULT

# Of a longer text the beginning is read.
MAX_TEXT_CHARACTERS = 10_000


def beginning(texts: tf.Tensor) -> tf.Tensor:
    """Returns what is read of texts, string `(batch,)`: at most `MAX_TEXT_CHARACTERS`, controls and bad bytes blank."""
    # A character has at most four bytes; what is cut in two there lies past the characters that are kept.
    few = tf.strings.substr(texts, 0, 4 * MAX_TEXT_CHARACTERS)
    return tf.strings.substr(readable(few), 0, MAX_TEXT_CHARACTERS, unit="UTF8_CHAR")


class ClassificationModule(tf.Module):
    """Gives texts labels, the most probable first, and says what in a text spoke for the first one.

    A text of which no token is known, an empty one too, gets an answer: what the model says of nothing.

    Args:
        classifier: What classifies, by texts alone.
        labels: The label vocabulary, in the order of the probabilities.
    """

    def __init__(self, classifier: ServedClassifier, labels: Sequence[bytes]) -> None:
        super().__init__(name="classification")
        self._labels = text_variable(labels, "labels")
        # Behind a plain function what it holds is not tracked: only these variables go into the SavedModel.
        self._classifier: Callable[[], ServedClassifier] = lambda: classifier
        self._classifier_variables = list(classifier.variables)

    def signatures(self) -> dict[str, Any]:
        """Traces the signatures, to be handed to `tf.saved_model.save` with this module."""
        text = batch_of("text", tf.string)
        return trace(
            {SERVING_DEFAULT: (self.classify, text), EVALUATE: (self.evaluate, text), EXPLAIN: (self.explain, text)}
        )

    def classify(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: all labels of each text, the most probable first."""
        values, places = tf.math.top_k(self._probabilities(text), k=self._labels.shape[0])
        return {"labels": texts_at(self._labels, places), "probabilities": values}

    def evaluate(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: probabilities in the order of the label vocabulary."""
        return {"probabilities": self._probabilities(text)}

    def explain(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `explain`: words and phrases of a text, and what each adds to the probability of the best label.

        The strongest come first, as they are written in the text; see `serving.reasons.phrases.in_phrases`, and
        `serving.reasons.explanation.attributions` for what the numbers are. Padding is "" and 0.
        """
        classifier, read = self._classifier(), beginning(text)
        tokens = classifier.tokenize(read)
        by_token, _ = attributions(classifier, tokens, _no_numbers(text))
        words = written_words(read)
        found = in_phrases(words, by_part(words, classifier.tokenize, tokens, by_token))
        return {"tokens": found.texts, "attributions": found.attributions}

    def _probabilities(self, text: tf.Tensor) -> tf.Tensor:
        classifier = self._classifier()
        tokens = classifier.tokenize(text)
        return classifier.classify_tokens(tokens.ids, tokens.mask, _no_numbers(text))


def _no_numbers(text: tf.Tensor) -> tf.Tensor:
    return tf.zeros([tf.shape(text)[0], 0])
