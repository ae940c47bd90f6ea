"""Asks segmentations about test users."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from components.bucket_steps import ATTRIBUTE_PREFIX
from components.classification.judged_labels import LABEL, in_order_of, judged_schema, probabilities_column, text_value
from components.classification.text_judge import load_baseline
from components.segmentation.baselines import CARRIED_FORWARD, GRADIENT_BOOSTING, carried_forward, gradient_boosting
from trainer.example_files import example_features

HISTORY_LENGTH = "history_length"
# Events from which a history is no longer short, and from which it is long.
_MEDIUM_EVENTS, _LONG_EVENTS = 32, 256

Segment = Callable[[Sequence[bytes]], npt.NDArray[np.floating]]


class SegmentJudge:
    """Asks each system for the probabilities of segments.

    Args:
        models: Paths of served models by name of the system.
        baseline: Path of the fitted gradient boosting.
        labels: The label vocabulary.
        attributes: Columns of the users table that the evaluation is sliced by, beside the length of the history.
        given: Whether segments are given, so that there is no last tier to carry forward.

    Raises:
        ValueError: A model lacks the signature that it is asked by.
        OSError: There is no SavedModel.
    """

    def __init__(
        self,
        models: Mapping[str, str],
        baseline: str,
        labels: Sequence[str],
        attributes: Sequence[str],
        *,
        given: bool,
    ) -> None:
        self._systems: dict[str, Segment] = {name: served_segments(path, labels) for name, path in models.items()}
        fitted = load_baseline(baseline)
        if not given:
            self._systems[CARRIED_FORWARD] = lambda records: carried_forward(records, len(labels))
        self._systems[GRADIENT_BOOSTING] = lambda records: gradient_boosting(fitted, records, len(labels))
        self._attributes = tuple(attributes)

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a serialized test example, with `judged_schema`."""
        features = [example_features(record) for record in records]
        columns: dict[str, Any] = {
            LABEL: [each["label"].int64_list.value[0] for each in features],
            HISTORY_LENGTH: [history_length(len(each["history_ids"].bytes_list.value)) for each in features],
        }
        for name in self._attributes:
            columns[name] = [text_value(each, ATTRIBUTE_PREFIX + name) for each in features]
        for name, segment in self._systems.items():
            columns[probabilities_column(name)] = list(segment(records).astype(np.float32))
        return pa.table(columns, schema=judged_schema(list(self._systems), (HISTORY_LENGTH, *self._attributes)))


def history_length(events: int) -> str:
    """Returns `short` under 32 events, `medium` under 256, else `long`."""
    if events < _MEDIUM_EVENTS:
        return "short"
    return "medium" if events < _LONG_EVENTS else "long"


def served_segments(path: str, labels: Sequence[str]) -> Segment:
    """Returns a function that asks a served segmentation, with its answers in the order of a vocabulary.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary; see `components.classification.judged_labels.in_order_of`.

    Raises:
        ValueError: The model has no signature `examples` with these outputs.
    """
    model = tf.saved_model.load(path)  # Its variables live only as long as the closure holds it.
    outputs = model.signatures["examples"].structured_outputs if "examples" in model.signatures else ()
    if not {"segments", "probabilities"} <= set(outputs):
        raise ValueError(f"The model in {path} should answer `examples` with segments and probabilities.")

    def segment(records: Sequence[bytes]) -> npt.NDArray[np.float32]:
        answer = model.signatures["examples"](examples=tf.constant(list(records), tf.string, [len(records)]))
        return in_order_of(labels, answer["segments"].numpy(), answer["probabilities"].numpy())

    return segment
