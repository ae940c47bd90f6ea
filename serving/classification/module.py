"""The served classification model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from serving.classification.wide import WideLabels
from serving.disguises import undisguised
from serving.graph.answers import text_variable, texts_at, with_rows_of
from serving.graph.signatures import Signature, batch_of, trace
from serving.graph.spelling import readable
from serving.graph.words import rows_of
from serving.pictures.labels import PictureLabels
from serving.reasons.explanation import ServedClassifier, integrated_gradients
from serving.reasons.phrases import in_phrases, written_words
from serving.reasons.reasons import by_part
from serving.signature_names import EVALUATE, EXPLAIN, SERVING_DEFAULT, WITH_IMAGE

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
        classifier: What classifies, by texts alone; with a wide part, by the texts and its logits.
        labels: The label vocabulary, in the order of the probabilities.
        pictures: What reads pictures beside texts; None where there are none, and no signature `with_image` then.
        wide: What gives the classifier its numbers; None where it takes none.
        undisguises: Whether texts are read as `serving.disguises.undisguised` returns them.
    """

    def __init__(
        self,
        classifier: ServedClassifier,
        labels: Sequence[bytes],
        pictures: PictureLabels | None = None,
        wide: WideLabels | None = None,
        *,
        undisguises: bool = False,
    ) -> None:
        super().__init__(name="classification")
        self._undisguises = undisguises
        self.wide = wide
        self._labels = text_variable(labels, "labels")
        self.pictures = pictures
        # Behind a plain function what it holds is not tracked: only these variables go into the SavedModel.
        self._classifier: Callable[[], ServedClassifier] = lambda: classifier
        self._classifier_variables = list(classifier.variables)

    def signatures(self) -> dict[str, Any]:
        """Traces the signatures, to be handed to `tf.saved_model.save` with this module."""
        text = batch_of("text", tf.string)
        signatures: dict[str, Signature] = {
            SERVING_DEFAULT: (self.classify, text),
            EVALUATE: (self.evaluate, text),
            EXPLAIN: (self.explain, text),
        }
        if self.pictures is not None:
            looks = batch_of("looks", tf.float32, self.pictures.dimensions)
            signatures[EVALUATE] = (self.evaluate_with_looks, text | looks)
            signatures[WITH_IMAGE] = (self.classify_with_image, text | batch_of("image", tf.string))
        return trace(signatures)

    def classify(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: all labels of each text, the most probable first."""
        return self._best_first(self._probabilities(text))

    def classify_with_image(self, text: tf.Tensor, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `with_image`: likewise, of each text and its picture, JPEG or PNG bytes; "" for a text without one.

        Raises:
            tf.errors.InvalidArgumentError: A picture is none, is broken, or is larger than the model's limits.
        """
        pictures = self._reads_pictures()
        (image,) = with_rows_of(text, image=image)
        return self._best_first(pictures.fuse(self._probabilities(text), pictures.looks(image)))

    def evaluate_with_looks(self, text: tf.Tensor, looks: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate` where pictures are read: as it is, with how each text's picture looks; 0 without one."""
        (looks,) = with_rows_of(text, looks=looks)
        return {"probabilities": self._reads_pictures().fuse(self._probabilities(text), looks)}

    def evaluate(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: probabilities in the order of the label vocabulary."""
        return {"probabilities": self._probabilities(text)}

    def explain(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `explain`: words and phrases of a text, and what each adds to the probability of the best label.

        The strongest come first, as they are written in the text; see `serving.reasons.phrases.in_phrases`, and
        `serving.reasons.explanation.attributions` for what the numbers are. Padding is "" and 0.
        """
        classifier, read = self._classifier(), self._read(text)
        tokens = classifier.tokenize(read)
        words = written_words(read)
        by_token, by_logit = integrated_gradients(classifier, tokens, self._numbers(read))
        by_word = by_part(words, classifier.tokenize, tokens, by_token)
        if self.wide is not None:
            of_text = tf.gather(by_logit, rows_of(words))
            by_word += words.with_flat_values(tf.reduce_sum(self.wide.by_word(words) * of_text, axis=1))
        found = in_phrases(words, by_word)
        return {"tokens": found.texts, "attributions": found.attributions}

    def _best_first(self, probabilities: tf.Tensor) -> dict[str, tf.Tensor]:
        values, places = tf.math.top_k(probabilities, k=self._labels.shape[0])
        return {"labels": texts_at(self._labels, places), "probabilities": values}

    def _reads_pictures(self) -> PictureLabels:
        if self.pictures is None:
            raise ValueError("This model was made without pictures.")
        return self.pictures

    def _probabilities(self, text: tf.Tensor) -> tf.Tensor:
        classifier, read = self._classifier(), self._read(text)
        tokens = classifier.tokenize(read)
        return classifier.classify_tokens(tokens.ids, tokens.mask, self._numbers(read))

    def _read(self, text: tf.Tensor) -> tf.Tensor:
        read = beginning(text)
        return undisguised(read) if self._undisguises else read

    def _numbers(self, read: tf.Tensor) -> tf.Tensor:
        return tf.zeros([tf.shape(read)[0], 0]) if self.wide is None else self.wide.logits(read)
