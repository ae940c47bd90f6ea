"""The Beam transform that asks classifiers about test texts."""

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from apache_beam.io.filesystems import FileSystems
from apache_beam.utils.shared import Shared

from components.classification.baseline import TFIDF, tfidf_probabilities
from trainer.example_files import example_features

MODEL, LAST_BLESSED = "model", "last_blessed"
LABEL, TEXT_LENGTH = "label", "text_length"
# Texts asked in one call.
TEXTS_AT_ONCE = 64
# Characters from which a text is no longer short, and from which it is long.
_MEDIUM_CHARACTERS, _LONG_CHARACTERS = 50, 200

Classify = Callable[[Sequence[str]], npt.NDArray[np.floating]]


class TextJudge:
    """Asks each system for the probabilities of labels.

    Args:
        models: Paths of served models by name of the system.
        baseline: Path of the fitted baseline.
        labels: The label vocabulary.
        slice_columns: Columns that the evaluation is sliced by.

    Raises:
        ValueError: A model lacks the signature that it is asked by.
        OSError: There is no SavedModel.
    """

    def __init__(
        self, models: Mapping[str, str], baseline: str, labels: Sequence[str], slice_columns: Sequence[str]
    ) -> None:
        self._systems: dict[str, Classify] = {name: served_classifier(path, labels) for name, path in models.items()}
        with FileSystems.open(baseline) as file:
            fitted = pickle.load(file)
        self._systems[TFIDF] = lambda texts: tfidf_probabilities(fitted, texts, len(labels))
        self._slice_columns = tuple(slice_columns)

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a serialized test example, with `judged_schema`."""
        features = [example_features(record) for record in records]
        texts = [each["text"].bytes_list.value[0].decode() for each in features]
        columns: dict[str, Any] = {
            LABEL: [each["label"].int64_list.value[0] for each in features],
            TEXT_LENGTH: [text_length(text) for text in texts],
        }
        for name in self._slice_columns:
            columns[name] = [_text_value(each, name) for each in features]
        for name, classify in self._systems.items():
            columns[_column(name)] = list(classify(texts).astype(np.float32))
        return pa.table(columns, schema=judged_schema(list(self._systems), self._slice_columns))


def judged_schema(systems: Sequence[str], slice_columns: Sequence[str]) -> pa.Schema:
    """Returns the columns of `TextJudge.judge`: label, slices, and the probabilities of each system."""
    return pa.schema(
        [
            (LABEL, pa.int64()),
            (TEXT_LENGTH, pa.string()),
            *((name, pa.string()) for name in slice_columns),
            *((_column(system), pa.list_(pa.float32())) for system in systems),
        ]
    )


def probabilities_of(judged: pa.Table, system: str, classes: int) -> npt.NDArray[np.float32]:
    """Returns the probabilities of a system, float32 `(texts, classes)`."""
    flat = judged[_column(system)].combine_chunks().flatten()
    return np.asarray(flat.to_numpy(zero_copy_only=False), np.float32).reshape(len(judged), classes)


def text_length(text: str) -> str:
    """Returns `short` under 50 characters, `medium` under 200, else `long`."""
    if len(text) < _MEDIUM_CHARACTERS:
        return "short"
    return "medium" if len(text) < _LONG_CHARACTERS else "long"


def served_classifier(path: str, labels: Sequence[str]) -> Classify:
    """Returns a function that asks a served classifier, with its answers in the order of a vocabulary.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary. A label that the model does not know has probability 0; of one that only the model
            knows nothing is said.

    Raises:
        ValueError: The model has no signature `serving_default` with these outputs.
    """
    model = tf.saved_model.load(path)  # Its variables live only as long as the closure holds it.
    outputs = model.signatures["serving_default"].structured_outputs if "serving_default" in model.signatures else ()
    if not {"labels", "probabilities"} <= set(outputs):
        raise ValueError(f"The model in {path} should answer `serving_default` with labels and probabilities.")
    place_of = {label.encode("utf-8", "surrogateescape"): place for place, label in enumerate(labels)}

    def classify(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        answer = model.signatures["serving_default"](text=tf.constant(list(texts), tf.string, [len(texts)]))
        found = answer["labels"].numpy()
        places = np.array([place_of.get(label, -1) for label in found.ravel()], np.int64).reshape(found.shape)
        probabilities = np.zeros((len(texts), len(labels) + 1), np.float32)
        np.put_along_axis(probabilities, places, answer["probabilities"].numpy(), axis=1)
        return probabilities[:, :-1]

    return classify


class JudgeTexts(beam.PTransform):
    """Serialized test examples to Arrow tables with what `TextJudge` finds of each.

    Args:
        load: Makes the judge, once in a process.
    """

    def __init__(self, load: Callable[[], TextJudge]) -> None:
        super().__init__()
        self._load = load

    def expand(self, examples: beam.PCollection[bytes]) -> beam.PCollection[pa.Table]:
        """Adds the judging to a pipeline."""
        return (
            examples
            | "BatchTexts" >> beam.BatchElements(TEXTS_AT_ONCE, TEXTS_AT_ONCE)
            | "Classify" >> beam.ParDo(_Classify(self._load))
        )


class _Classify(beam.DoFn):
    """Lists of serialized examples to Arrow tables; the models are loaded once a process."""

    def __init__(self, load: Callable[[], TextJudge]) -> None:
        self._load = load
        self._shared = Shared()
        self._judge: TextJudge | None = None

    def setup(self) -> None:
        self._judge = self._shared.acquire(self._load)

    def process(self, element: list[bytes]) -> Iterable[pa.Table]:
        if self._judge is None:
            raise RuntimeError("Beam calls setup() before process().")
        yield self._judge.judge(element)


def save_baseline(baseline: Any, path: str) -> None:
    """Writes a fitted baseline for `TextJudge`."""
    with FileSystems.create(path) as file:
        pickle.dump(baseline, file)


def _column(system: str) -> str:
    return f"{system}.probabilities"


def _text_value(features: Mapping[str, Any], name: str) -> str | None:
    values = features[name].bytes_list.value if name in features else ()
    return values[0].decode() if values else None
