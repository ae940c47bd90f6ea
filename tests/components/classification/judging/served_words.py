"""A classifier whose answers are known: the label whose word stands in the text, or else the first one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

SURE, UNSURE = 0.8, 0.4


class ServedWords(tf.Module):
    """Answers as a trained classifier does.

    Args:
        labels: The vocabulary.
        words: The word that tells each label.
        wrong: Whether it answers the label after the one that the word tells.
    """

    def __init__(self, labels: Sequence[str], words: Mapping[str, str], *, wrong: bool = False) -> None:
        super().__init__()
        self._labels = tf.constant(list(labels), tf.string)
        self._patterns = [f".*{words[label]}.*" for label in labels]
        self._shift = 1 if wrong else 0

    def _probabilities(self, text: tf.Tensor) -> tf.Tensor:
        classes = len(self._patterns)
        told = tf.stack([tf.strings.regex_full_match(text, pattern) for pattern in self._patterns], axis=1)
        known = tf.reduce_any(told, axis=1, keepdims=True)
        place = (tf.argmax(tf.cast(told, tf.int32), axis=1) + self._shift) % classes
        best = tf.where(known, SURE, UNSURE)
        return tf.where(tf.one_hot(place, classes, True, False, dtype=tf.bool), best, (1.0 - best) / (classes - 1))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def evaluate(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": self._probabilities(text)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def classify(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities, places = tf.math.top_k(self._probabilities(text), len(self._patterns))
        return {"labels": tf.gather(self._labels, places), "probabilities": probabilities}

    def save(self, folder: Path) -> None:
        """Writes it as a SavedModel."""
        signatures = {"serving_default": self.classify, "evaluate": self.evaluate}
        tf.saved_model.save(self, str(folder), signatures=signatures)
