"""The signature by which a segmentation is asked about the histories of test users."""

from collections.abc import Sequence

import tensorflow as tf

from components.labels.judging import Ask
from components.labels.label_signatures import ordered_answers
from serving.signature_names import EXAMPLES


def served_segments(path: str, labels: Sequence[str]) -> Ask:
    """Returns a function that asks a served segmentation, with its answers in the order of a vocabulary.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary, which may be another than the model's; see
            `components.labels.judged_labels.in_order_of`.

    Raises:
        ValueError: The model has no signature `examples` with these outputs.
    """
    ask = ordered_answers(path, EXAMPLES, "segments", labels)
    return lambda records: ask(examples=tf.constant(list(records), tf.string, [len(records)]))
