"""Labels of texts that have pictures: a head of its own for these, fused with what the text says."""

import os
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
from scipy.special import softmax

from serving.pictures.labels import LabelPictureFacts
from trainer.artifacts.example_files import example_features, split_files
from trainer.artifacts.names import TEST_LOOKS_FILE
from trainer.artifacts.parquet_files import write_parquet
from trainer.classification.examples import LabelledTexts
from trainer.classification.linear.fused import FusedClassifier
from trainer.pictures.axes import fit_axes
from trainer.pictures.label_fusion import fit_picture_head, learn_label_fusion
from trainer.pictures.picture_vectors import load_picture_vectors

IMAGE = "image"
# Values of a picture that are kept.
LOOKS = 512
_LEAST_PICTURES = 10


class LabelPictures(NamedTuple):
    """What pictures add to a classifier.

    Attributes:
        facts: What the served model reads.
        test_looks: Of each picture that a test text names, its looks.
        report: Accuracy on the validation texts with a picture, by text, picture and both, and both powers.
    """

    facts: LabelPictureFacts
    test_looks: pa.Table
    report: dict[str, Any]

    def save(self, model_uri: str) -> None:
        """Writes the looks that the evaluation reads."""
        write_parquet(os.path.join(model_uri, TEST_LOOKS_FILE), self.test_looks)


def learn_label_pictures(
    examples_uri: str,
    picture_vectors_uri: str,
    learned: LabelledTexts,
    validated: LabelledTexts,
    classifier: FusedClassifier,
    seed: int,
) -> LabelPictures | None:
    """Learns labels from the pictures of the training texts, and on the validation texts how much they count.

    Memory holds the vectors of the pictures of all three splits.

    Args:
        examples_uri: The examples, whose feature `image` says where the picture of a text lies.
        picture_vectors_uri: The PictureVectors artifact.
        learned: The training split, in the order of its files.
        validated: The validation split, likewise.
        classifier: The classifier of texts.
        seed: Of the pictures that the axes are learned from.

    Returns:
        None where too few texts have a picture to learn from.
    """
    vectors, known = _pictures(examples_uri, picture_vectors_uri, "train")
    if known.sum() < _LEAST_PICTURES or len(np.unique(learned.labels[known])) < 2:
        return None
    axes = fit_axes(vectors[known], LOOKS, seed)
    head = fit_picture_head(axes.looks(vectors[known]), learned.labels[known], len(classifier.labels))
    vectors, known = _pictures(examples_uri, picture_vectors_uri, "eval")
    labels = validated.labels[known]
    text = classifier.probabilities([validated.texts[row] for row in np.flatnonzero(known)], validated.numbers[known])
    picture = softmax(head.logits(axes.looks(vectors[known])), axis=1)
    fusion = learn_label_fusion(text, picture, labels)
    sides = {"text": text, "picture": picture, "both": fusion.fuse(text, picture)}
    report = {
        "texts": len(labels),
        "accuracy": {name: float((each.argmax(axis=1) == labels).mean()) for name, each in sides.items()},
        "text_power": fusion.text,
        "picture_power": fusion.picture,
    }
    images = _images(examples_uri, "test")
    looks = np.nan_to_num(axes.looks(load_picture_vectors(picture_vectors_uri, images)))
    facts = LabelPictureFacts(axes.mean, axes.axes, *head, fusion.text, fusion.picture)
    return LabelPictures(facts, pa.table({IMAGE: pa.array(images), "looks": list(looks)}), report)


def _pictures(
    examples_uri: str, picture_vectors_uri: str, split: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Returns the vectors of a split's pictures, and which of its texts have one."""
    vectors = load_picture_vectors(picture_vectors_uri, _images(examples_uri, split))
    return vectors, np.asarray(np.isfinite(vectors).all(axis=1))


def _images(examples_uri: str, split: str) -> list[str | None]:
    records = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP").as_numpy_iterator()
    return [_image(example_features(record)) for record in records]


def _image(features: Any) -> str | None:
    values = features[IMAGE].bytes_list.value if IMAGE in features else ()
    return values[0].decode() if values and values[0] else None
