"""A trained classifier: encoder, head, labels and temperature."""

import json
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.special import softmax

from serving.classification.module import beginning
from trainer.artifacts.keras_files import save_keras
from trainer.classification.head import ClassificationHead
from trainer.classification.options import HeadOptions
from trainer.text.backbone import TextEncoder, encode_token_ids, save_trained_encoder, tokenize

HEAD_FILE = "head.keras"
CLASSIFIER_FILE = "classifier.json"

FloatArray = npt.NDArray[np.float32]


class Classifier(NamedTuple):
    """Gives texts probabilities of labels.

    Attributes:
        text_encoder: BERT with its tokenizer.
        head: What stands on top of it.
        labels: The label vocabulary, in the order of the probabilities.
        temperature: Divides the logits, so that probabilities are calibrated.
    """

    text_encoder: TextEncoder
    head: ClassificationHead
    labels: tuple[str, ...]
    temperature: float = 1.0

    def token_ids(self, texts: Sequence[str]) -> tf.RaggedTensor:
        """Tokenizes many texts into ragged int32 `(texts, None)`, as the served model does."""
        return tokenize(self.text_encoder, texts, beginning)

    def text_vectors(self, token_ids: tf.RaggedTensor, batch_size: int) -> FloatArray:
        """Encodes tokenized texts, float32 `(texts, dimensions)`."""
        return encode_token_ids(self.text_encoder, token_ids, batch_size)

    def logits(self, vectors: FloatArray, numbers: FloatArray) -> FloatArray:
        """Classifies text vectors with numbers beside them, float32 `(texts, classes)`, before the temperature."""
        return np.asarray(self.head(vectors, numbers, training=False))

    def probabilities(
        self, texts: Sequence[str], numbers: FloatArray | None = None, batch_size: int = 256
    ) -> FloatArray:
        """Classifies texts, float32 `(texts, classes)`.

        Args:
            texts: The texts.
            numbers: float32 `(texts, numbers)`; None where the head takes none.
            batch_size: Texts encoded at once.
        """
        if numbers is None:
            numbers = np.zeros((len(texts), 0), np.float32)
        vectors = self.text_vectors(self.token_ids(texts), batch_size)
        return softmax(self.logits(vectors, numbers) / self.temperature, axis=1)


def new_head(
    encoder: TextEncoder, numbers: FloatArray, classes: int, options: HeadOptions, *, from_zero: bool = False
) -> ClassificationHead:
    """Returns an untrained head for float32 `(texts, numbers)` beside the texts.

    Args:
        encoder: What the texts' vectors are of.
        numbers: Those of the training texts.
        classes: Labels to choose from.
        options: Its layers.
        from_zero: Whether the last layer begins with zeros: few steps with much noise unlearn no random beginning.
    """
    head = ClassificationHead(
        dimensions=encoder.dimensions,
        numbers=numbers.shape[1],
        classes=classes,
        units=options.units,
        dropout=options.dropout,
    )
    head.start(numbers)
    if from_zero:
        head.logits.kernel.assign(np.zeros(head.logits.kernel.shape))
    return head


def save_classifier(classifier: Classifier, uri: str) -> None:
    """Writes all parts under `uri`; what LoRA has learned is merged."""
    save_trained_encoder(classifier.text_encoder, uri)
    save_keras(classifier.head, os.path.join(uri, HEAD_FILE))
    facts = {"labels": list(classifier.labels), "temperature": classifier.temperature}
    with tf.io.gfile.GFile(os.path.join(uri, CLASSIFIER_FILE), "w") as file:
        file.write(json.dumps(facts, indent=1, ensure_ascii=False))
