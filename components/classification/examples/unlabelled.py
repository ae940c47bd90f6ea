"""The Beam transform from a table of texts without labels to one example a distinct text."""

from collections.abc import Iterator

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf

from components.classification.examples.steps import text_hash
from components.tables.blank_texts import strip_unseen
from components.tables.read_back import from_bytes

UNLABELLED = "unlabelled"

_HASHES = 1 << 64


class MakeUnlabelledExamples(beam.PTransform):
    """Arrow IPC streams of the table to serialized tf.Examples with the feature text (bytes).

    Texts are stripped of what nobody sees, blank ones left out, and equal ones made one. Of very many texts those of
    the lowest hashes are kept, about as many as are wanted.

    Args:
        rows: Rows of the table.
        most: Texts that are wanted.
    """

    def __init__(self, rows: int, most: int) -> None:
        super().__init__()
        self._share = min(1.0, most / max(rows, 1))

    def expand(self, table: beam.PCollection[bytes]) -> beam.PCollection[bytes]:
        """Adds the steps to a pipeline."""
        return (
            table
            | "ListTexts" >> beam.FlatMap(_texts, self._share)
            | "MakeTextsDistinct" >> beam.Distinct()
            | "MakeTextExamples" >> beam.Map(_example)
        )


def _texts(stream: bytes, share: float) -> Iterator[str]:
    for text in strip_unseen(from_bytes(stream)["text"].cast(pa.string())).drop_null().to_pylist():
        if text_hash(text) < share * _HASHES:
            yield text


def _example(text: str) -> bytes:
    values = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
    return bytes(tf.train.Example(features=tf.train.Features(feature={"text": values})).SerializeToString())
