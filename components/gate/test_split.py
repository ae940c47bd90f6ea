"""The Beam steps by which an evaluator judges the examples of its test split."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import apache_beam as beam
import pyarrow as pa
from apache_beam.utils.shared import Shared

from components.gate.test_sample import TakeSample
from trainer.progress import Tally

TEST_SPLIT = "test"


class Judge(Protocol):
    """Asks all systems about test examples."""

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns what is found of serialized tf.Examples, at most a row each."""


class JudgeTestSplit(beam.PTransform):
    """Writes Parquet files with what a `Judge` finds of each test example, for the start of a pipeline.

    Args:
        pattern: Files of serialized test examples.
        load: Makes the judge, once in a process.
        files: Beginning of the names of the files.
        schema: Of the judge's tables.
        batch_size: Examples asked about in one call.
        sample: Takes a part of the examples; None takes all.
    """

    def __init__(
        self,
        pattern: str,
        load: Callable[[], Judge],
        files: str,
        schema: pa.Schema,
        batch_size: int = 64,
        sample: TakeSample | None = None,
    ) -> None:
        super().__init__()
        self._pattern = pattern
        self._load = load
        self._files = files
        self._schema = schema
        self._batch_size = batch_size
        self._sample = sample

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[str]:
        """Adds the judging to a pipeline."""
        examples = begin | "ReadExamples" >> beam.io.ReadFromTFRecord(self._pattern)
        if self._sample is not None:
            examples = examples | "TakeSample" >> self._sample
        return (
            examples
            | "BatchExamples" >> beam.BatchElements(self._batch_size, self._batch_size)
            | "Judge" >> beam.ParDo(_AskJudge(self._load))
            | "Write" >> beam.io.WriteToParquetBatched(self._files, self._schema, file_name_suffix=".parquet")
        )


class _AskJudge(beam.DoFn):
    """Lists of serialized examples to Arrow tables; the models are loaded once a process."""

    def __init__(self, load: Callable[[], Judge]) -> None:
        self._load = load
        self._shared = Shared()
        self._judge: Judge | None = None
        self._judged = Tally("questions")

    def setup(self) -> None:
        self._judge = self._shared.acquire(self._load)

    def process(self, element: list[bytes]) -> Iterable[pa.Table]:
        if self._judge is None:
            raise RuntimeError("Beam calls setup() before process().")
        yield self._judge.judge(element)
        self._judged.add(len(element))
