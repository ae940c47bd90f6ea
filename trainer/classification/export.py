"""Writes a trained classifier as the SavedModel that is served."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from serving.classification.module import ClassificationModule, beginning
from serving.model_names import CLASSIFICATION_MODEL
from serving.reasons.explanation import ServedClassifier, Tokens
from trainer.artifacts.model_versions import package_versions
from trainer.classification.classifier import Classifier
from trainer.exporting import write_extra_assets
from trainer.text.inference_bert import InferenceBert

VERSIONED_PACKAGES = ("shelfwise", "tensorflow", "tensorflow-text", "keras", "keras-nlp")


def served_classifier(classifier: Classifier) -> ServedClassifier:
    """Returns a classifier as plain TensorFlow; weights are copied, LoRA's merged."""
    encoder, head = classifier.text_encoder, classifier.head
    bert, tokenizer = InferenceBert(encoder.backbone), encoder.tokenizer
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


def export_classification(folder: str, classifier: Classifier, training: Mapping[str, Any]) -> None:
    """Writes the SavedModel `classification` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        classifier: What is served.
        training: What training.json says.
    """
    labels = [label.encode("utf-8", "surrogateescape") for label in classifier.labels]
    module = ClassificationModule(served_classifier(classifier), labels)
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    card = {
        "model": CLASSIFICATION_MODEL,
        "training": dict(training),
        "labels": list(classifier.labels),
        "versions": package_versions(VERSIONED_PACKAGES),
        "limits": {"tokens": classifier.text_encoder.sequence_length, "labels": len(labels)},
    }
    write_extra_assets(folder, CLASSIFICATION_MODEL, signatures, {"text": b"a text to warm up with"}, card)
