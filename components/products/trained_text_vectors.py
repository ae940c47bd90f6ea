"""Beam transforms from texts to vectors, with a text encoder that was trained."""

from collections.abc import Iterable, Sequence

import apache_beam as beam
import pyarrow as pa
from apache_beam.utils.shared import Shared

from components.products.vector_tables import TEXT_VECTORS_SCHEMA, text_vectors_table
from trainer.artifacts.names import PARQUET_SUFFIX, TEXT_VECTORS_PREFIX
from trainer.progress import Tally
from trainer.text.backbone import TextEncoder, encode_texts, load_trained_encoder

# Enough for the encoder to sort texts by length into batches that waste little on padding.
_TEXTS_AT_ONCE = 8192


class WriteTrainedTextVectors(beam.PTransform):
    """The pipeline to `vectors-*.parquet` with `TEXT_VECTORS_SCHEMA`, by a trained text encoder.

    Args:
        texts: Distinct texts.
        model_uri: The trainer's output, which holds the text encoder.
        batch_size: Texts encoded at once.
        uri: Folder to write into.
    """

    def __init__(self, texts: Sequence[str], model_uri: str, batch_size: int, uri: str) -> None:
        super().__init__()
        self._texts, self._model_uri, self._batch_size, self._uri = texts, model_uri, batch_size, uri

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[str]:
        """Adds the encoding to a pipeline; returns the paths of the files."""
        starts = range(0, len(self._texts), _TEXTS_AT_ONCE)
        return (
            pipeline
            | "CreateTextBatches"
            >> beam.Create([self._texts[start : start + _TEXTS_AT_ONCE] for start in starts], reshuffle=True)
            | "EncodeTexts" >> EncodeWithTrainedEncoder(self._model_uri, self._batch_size)
            | "WriteTextVectors"
            >> beam.io.WriteToParquetBatched(
                f"{self._uri}/{TEXT_VECTORS_PREFIX}", TEXT_VECTORS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
            )
        )


class EncodeWithTrainedEncoder(beam.PTransform):
    """Lists of texts to tables with `TEXT_VECTORS_SCHEMA`, by a trained text encoder.

    Args:
        model_uri: The trainer's output, which holds the text encoder.
        batch_size: Texts encoded at once.
    """

    def __init__(self, model_uri: str, batch_size: int) -> None:
        super().__init__()
        self._model_uri = model_uri
        self._batch_size = batch_size

    def expand(self, texts: beam.PCollection[Sequence[str]]) -> beam.PCollection[pa.Table]:
        """Adds the encoder to a pipeline."""
        return texts | "ApplyTextEncoder" >> beam.ParDo(_ApplyTextEncoder(self._model_uri, self._batch_size))


class _ApplyTextEncoder(beam.DoFn):
    """Loads the encoder once a process."""

    def __init__(self, model_uri: str, batch_size: int) -> None:
        self._model_uri = model_uri
        self._batch_size = batch_size
        self._shared = Shared()
        self._encoder: TextEncoder | None = None
        self._encoded = Tally("texts")

    def setup(self) -> None:
        self._encoder = self._shared.acquire(lambda: load_trained_encoder(self._model_uri), tag=self._model_uri)

    def process(self, element: Sequence[str]) -> Iterable[pa.Table]:
        if self._encoder is None:
            raise ValueError(f"{self._model_uri} holds no trained text encoder to encode texts with.")
        vectors = encode_texts(self._encoder, element, self._batch_size, self._encoded)
        yield text_vectors_table(element, vectors)
