"""Tables of what classifiers say of test examples: the label, slices, and each system's probabilities."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from apache_beam.utils.shared import Shared

MODEL, LAST_BLESSED = "model", "last_blessed"
LABEL = "label"
# Examples asked about in one call.
ASKED_AT_ONCE = 64


class Judge(Protocol):
    """Asks each system for the probabilities of labels."""

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a serialized test example, with `judged_schema`."""


def judged_schema(systems: Sequence[str], slice_columns: Sequence[str]) -> pa.Schema:
    """Returns the columns of judged examples: the label's place, slices, and the probabilities of each system."""
    return pa.schema(
        [
            (LABEL, pa.int64()),
            *((name, pa.string()) for name in slice_columns),
            *((probabilities_column(system), pa.list_(pa.float32())) for system in systems),
        ]
    )


def probabilities_column(system: str) -> str:
    """Returns the name of the column with a system's probabilities."""
    return f"{system}.probabilities"


def probabilities_of(judged: pa.Table, system: str, classes: int) -> npt.NDArray[np.float32]:
    """Returns the probabilities of a system, float32 `(rows, classes)`."""
    flat = judged[probabilities_column(system)].combine_chunks().flatten()
    return np.asarray(flat.to_numpy(zero_copy_only=False), np.float32).reshape(len(judged), classes)


def in_order_of(
    vocabulary: Sequence[str], labels: npt.NDArray[np.object_], probabilities: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Puts the answers of a served model into the order of a vocabulary.

    Args:
        vocabulary: The labels. One that the model does not know has probability 0; of one that only the model knows
            nothing is said.
        labels: bytes `(rows, labels)`, the most probable first.
        probabilities: float32 `(rows, labels)`.

    Returns:
        float32 `(rows, len(vocabulary))`.
    """
    place_of = {label.encode("utf-8", "surrogateescape"): place for place, label in enumerate(vocabulary)}
    places = np.array([place_of.get(label, -1) for label in labels.ravel()], np.int64).reshape(labels.shape)
    found = np.zeros((len(labels), len(vocabulary) + 1), np.float32)
    np.put_along_axis(found, places, probabilities, axis=1)
    return found[:, :-1]


def text_value(features: Mapping[str, Any], name: str) -> str | None:
    """Returns the text of a tf.Example's feature, None where it has none."""
    values = features[name].bytes_list.value if name in features else ()
    return values[0].decode("utf-8", "replace") if values else None


class JudgeTestSplit(beam.PTransform):
    """Writes Parquet files with what a `Judge` finds of each test example, for the start of a pipeline.

    Args:
        pattern: Files of serialized test examples.
        load: Makes the judge, once in a process.
        files: Beginning of the names of the files.
        schema: Of the judge's tables.
    """

    def __init__(self, pattern: str, load: Callable[[], Judge], files: str, schema: pa.Schema) -> None:
        super().__init__()
        self._pattern = pattern
        self._load = load
        self._files = files
        self._schema = schema

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[str]:
        """Adds the judging to a pipeline."""
        return (
            begin
            | "ReadExamples" >> beam.io.ReadFromTFRecord(self._pattern)
            | "BatchExamples" >> beam.BatchElements(ASKED_AT_ONCE, ASKED_AT_ONCE)
            | "Judge" >> beam.ParDo(_AskJudge(self._load))
            | "Write" >> beam.io.WriteToParquetBatched(self._files, self._schema, file_name_suffix=".parquet")
        )


class _AskJudge(beam.DoFn):
    """Lists of serialized examples to Arrow tables; the models are loaded once a process."""

    def __init__(self, load: Callable[[], Judge]) -> None:
        self._load = load
        self._shared = Shared()
        self._judge: Judge | None = None

    def setup(self) -> None:
        self._judge = self._shared.acquire(self._load)

    def process(self, element: list[bytes]) -> Iterable[pa.Table]:
        if self._judge is None:
            raise RuntimeError("Beam calls setup() before process().")
        yield self._judge.judge(element)
