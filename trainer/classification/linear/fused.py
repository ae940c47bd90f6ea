"""A classifier of texts as it is served: BERT with its head, the wide part, or both."""

import io
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.special import softmax
from sklearn.metrics import f1_score

from serving.classification.wide import WideFacts
from trainer.classification.classifier import Classifier, save_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.linear.wide import WideClassifier
from trainer.pictures.label_fusion import learn_label_fusion

WIDE_FILE = "wide.npz"

FloatArray = npt.NDArray[np.float32]


class FusedClassifier(NamedTuple):
    """Gives texts probabilities of labels: the product of both sides' probabilities, each to its power.

    Attributes:
        labels: The label vocabulary, in the order of the probabilities.
        deep: BERT with its head; None for the wide part alone.
        wide: The wide part; None for BERT alone.
        deep_power: Power of BERT's probabilities; 0 leaves them out.
        wide_power: Power of the wide part's, likewise.
    """

    labels: tuple[str, ...]
    deep: Classifier | None
    wide: WideClassifier | None = None
    deep_power: float = 1.0
    wide_power: float = 0.0

    def served_deep(self) -> Classifier | None:
        """Returns BERT with its head where they count."""
        return self.deep if self.deep_power else None

    def served_wide(self) -> WideFacts | None:
        """Returns the wide part, its power included, where it counts."""
        if self.wide is None or not self.wide_power:
            return None
        facts = self.wide.facts
        return facts._replace(kernel=facts.kernel * self.wide_power, bias=facts.bias * self.wide_power)

    def probabilities(self, texts: Sequence[str], numbers: FloatArray | None = None) -> FloatArray:
        """Classifies texts, float32 `(texts, classes)`.

        Args:
            texts: The texts.
            numbers: float32 `(texts, numbers)`; None where the head takes none.
        """
        deep, wide = self.served_deep(), self.wide if self.wide_power else None
        return self.of_sides(
            None if deep is None else deep.probabilities(texts, numbers), None if wide is None else wide.logits(texts)
        )

    def of_sides(self, deep: FloatArray | None, wide: FloatArray | None) -> FloatArray:
        """Puts the probabilities of BERT and the logits of the wide part together, float32 `(texts, classes)`."""
        logits: Any = 0.0
        if deep is not None and self.deep_power:
            logits = logits + self.deep_power * np.log(np.maximum(deep, 1e-9))
        if wide is not None and self.wide_power:
            logits = logits + self.wide_power * wide
        found: FloatArray = softmax(logits, axis=1).astype(np.float32)
        return found


def fuse(
    labels: Sequence[str], deep: Classifier | None, wide: WideClassifier | None, validated: LabelledTexts
) -> tuple[FusedClassifier, dict[str, Any]]:
    """Puts both sides together, each to the power that the validation split gives it.

    Args:
        labels: The label vocabulary.
        deep: BERT with its head.
        wide: The wide part.
        validated: The validation split.

    Returns:
        The classifier, and what training.json says: `wide`, of its wide part, if there is one, and `fused`, what both
        come to on the validation split.
    """
    by_deep = None if deep is None else deep.probabilities(validated.texts, validated.numbers)
    logits = None if wide is None else wide.logits(validated.texts)
    powers = (1.0, 0.0)
    found: dict[str, Any] = {}
    if wide is not None and logits is not None:
        powers = (0.0, 1.0)
        if by_deep is not None:
            by_wide = softmax(logits, axis=1)
            fusion = learn_label_fusion(by_deep, by_wide, validated.labels)
            powers = (fusion.text, fusion.picture)
        facts = {"f1_macro": wide.f1_macro, "buckets": len(wide.facts.importance)}
        found["wide"] = {**facts, "deep_power": powers[0], "wide_power": powers[1]}
    classifier = FusedClassifier(tuple(labels), deep, wide, *powers)
    both = classifier.of_sides(by_deep, logits)
    best, given = both.argmax(axis=1), both[np.arange(len(both)), validated.labels]
    found["fused"] = {
        "f1_macro": float(f1_score(validated.labels, best, average="macro")),
        "accuracy": float((best == validated.labels).mean()),
        "loss": float(-np.log(np.maximum(given, 1e-9)).mean()),
    }
    return classifier, found


def save_fused(classifier: FusedClassifier, uri: str) -> None:
    """Writes both sides under `uri`, on any filesystem that TensorFlow writes."""
    if classifier.deep is not None:
        save_classifier(classifier.deep, uri)
    if classifier.wide is not None:
        # What is written may not be sought in.
        content = io.BytesIO()
        np.savez(content, **classifier.wide.facts._asdict())
        with tf.io.gfile.GFile(os.path.join(uri, WIDE_FILE), "wb") as file:
            file.write(content.getvalue())
