"""Writes a trained classifier as the SavedModel that is served."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from serving.classification.module import MAX_TEXT_CHARACTERS, ClassificationModule, beginning
from serving.classification.wide import WideLabels, alone, beside
from serving.model_names import CLASSIFICATION_MODEL
from serving.pictures.labels import PictureLabels
from serving.reasons.explanation import ServedClassifier, Tokens
from trainer.artifacts.model_versions import package_versions
from trainer.classification.classifier import Classifier
from trainer.classification.linear.fused import FusedClassifier
from trainer.exporting import write_extra_assets
from trainer.text.inference_bert import InferenceBert

VERSIONED_PACKAGES = ("shelfwise", "tensorflow", "tensorflow-text", "keras", "keras-nlp")


def served_classifier(classifier: Classifier) -> ServedClassifier:
    """Returns a classifier as plain TensorFlow; weights are copied, LoRA's merged."""
    encoder, head = classifier.text_encoder, classifier.head
    bert, tokenizer = InferenceBert(encoder.backbone, layers=encoder.layers_read), encoder.tokenizer
    padding = tokenizer.pad_token_id

    def tokenize(texts: tf.Tensor) -> Tokens:
        ids = encoder.token_ids(beginning(texts)).to_tensor(padding)
        ends = (ids == tokenizer.cls_token_id) | (ids == tokenizer.sep_token_id)
        return Tokens(ids, ids != padding, (ids != padding) & ~ends)

    def probabilities(vectors: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(head(vectors, numbers, training=False) / classifier.temperature)

    def text_vectors(ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        return bert(ids, mask).means(tf.shape(ids)[0])

    return ServedClassifier(
        tokenize=tokenize,
        classify_tokens=lambda ids, mask, numbers: probabilities(text_vectors(ids, mask), numbers),
        represent_tokens=lambda ids, mask, numbers: head.represent(text_vectors(ids, mask), numbers),
        embed_tokens=bert.embed_tokens,
        classify_embeddings=lambda embeddings, mask, numbers: probabilities(
            bert.encode_embeddings(embeddings, mask).means(tf.shape(mask)[0]), numbers
        ),
        neutral_token=int(tokenizer.token_to_id("[MASK]")),
        neutral_numbers=np.asarray(head.means),
        variables=[*bert.variables, *(variable.value for variable in head.variables)],
    )


def module_of(
    classifier: FusedClassifier, pictures: PictureLabels | None = None, *, undisguises: bool = False
) -> ClassificationModule:
    """Returns what is served of a classifier: BERT, the wide part, or both; see `ClassificationModule`.

    Raises:
        ValueError: It has neither.
    """
    labels = [label.encode("utf-8", "surrogateescape") for label in classifier.labels]
    deep, facts = classifier.served_deep(), classifier.served_wide()
    if facts is None:
        if deep is None:
            raise ValueError("`classifier` should have BERT or a wide part. It has neither.")
        return ClassificationModule(served_classifier(deep), labels, pictures, undisguises=undisguises)
    wide = WideLabels(facts)
    parts = alone(wide) if deep is None else beside(served_classifier(deep), wide, classifier.deep_power)
    return ClassificationModule(parts, labels, pictures, wide, undisguises=undisguises)


def export_classification(
    folder: str,
    classifier: FusedClassifier,
    training: Mapping[str, Any],
    pictures: PictureLabels | None = None,
    *,
    undisguises: bool = False,
) -> None:
    """Writes the SavedModel `classification` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        classifier: What is served.
        training: What training.json says.
        pictures: What reads pictures; None where none are read.
        undisguises: Whether texts are read as `serving.disguises.undisguised` returns them.
    """
    module, deep = module_of(classifier, pictures, undisguises=undisguises), classifier.served_deep()
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    tokens = {} if deep is None else {"tokens": deep.text_encoder.sequence_length}
    card = {
        "model": CLASSIFICATION_MODEL,
        "training": dict(training),
        "labels": list(classifier.labels),
        "reads_pictures": pictures is not None,
        "undisguises": undisguises,
        "versions": package_versions(VERSIONED_PACKAGES),
        "limits": {**tokens, "characters": MAX_TEXT_CHARACTERS, "labels": len(classifier.labels)},
    }
    write_extra_assets(
        folder, CLASSIFICATION_MODEL, signatures, {"text": b"a text to warm up with", "image": b""}, card
    )
