"""EncodePictures: each distinct picture of some references as a vector, and what is wrong with the others."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from components.pictures.problems import (
    BROKEN,
    NOT_JPEG_OR_PNG,
    TOO_MANY_PIXELS,
    PictureError,
    Problem,
)
from components.pictures.reading import PICTURES, PROBLEMS, ReadPictures
from components.products.vector_tables import vector_lists
from serving.pictures.decoder import NOT_A_PICTURE, TOO_LARGE
from trainer.artifacts.parquet_files import read_batches
from trainer.options import PictureOptions
from trainer.pictures.encoder import PictureEncoder, load_picture_encoder
from trainer.progress import Tally

VECTORS = "vectors"
_UNKNOWN = "unknown"
_ROWS_AT_ONCE = 256
PICTURE_VECTORS_SCHEMA = pa.schema(
    [("picture", pa.string()), ("references", pa.list_(pa.string())), ("vector", pa.list_(pa.float32()))]
)


class EncodePictures(beam.PTransform):
    """References, each once, to tables with `PICTURE_VECTORS_SCHEMA`, one row a distinct picture.

    Pictures are read twice, first to find the equal ones by their sha256, then one of each to encode it: so only
    digests are shuffled. A worker holds the encoder and one batch of pictures.

    Puts out the tables under `VECTORS`, and under `PROBLEMS` pairs of a reference and a `Problem`.

    Args:
        options: The encoder, and the limits of a picture.
        folder: Where relative paths start.
        known: Globs of files with `PICTURE_VECTORS_SCHEMA` that the same encoder made before: pictures that are there
            are not encoded again. What is shuffled then holds their vectors.
    """

    def __init__(self, options: PictureOptions, folder: str, known: Sequence[str] = ()) -> None:
        super().__init__()
        self._options, self._folder, self._known = options, folder, list(known)

    def expand(self, references: beam.PCollection[str]) -> Any:  # Beam would take a dict for a hint about elements.
        """Adds the reading and the encoding to a pipeline."""
        limit = self._options.max_bytes
        found = (
            references
            | "TakeReferenceAlong" >> beam.Map(lambda reference: (reference, reference))
            | "FindPictures" >> ReadPictures(self._folder, limit)
        )
        digests = found[PICTURES] | "DigestPictures" >> beam.MapTuple(
            lambda reference, picture: (hashlib.sha256(picture).hexdigest(), reference)
        )
        known = (
            references.pipeline
            | "NameKnownFiles" >> beam.Create(self._known)
            | "ReadKnownVectors" >> beam.FlatMap(_known_vectors)
        )
        sorted_out = (
            (digests, known)
            | "GroupEqualPictures" >> beam.CoGroupByKey()
            | "TakeOneOfEach" >> beam.FlatMapTuple(_first_of_equals).with_outputs(VECTORS, main=_UNKNOWN)
        )
        again = sorted_out[_UNKNOWN] | "ReadDistinctPictures" >> ReadPictures(self._folder, limit)
        encoded = (
            again[PICTURES]
            | "BatchPictures" >> beam.BatchElements(self._options.batch_size, self._options.batch_size)
            | "EncodeBatches" >> beam.ParDo(_EncodeBatch(self._options)).with_outputs(PROBLEMS, main=VECTORS)
        )
        changed = again[PROBLEMS] | "NameReferences" >> beam.FlatMapTuple(_each_reference)
        problems = (found[PROBLEMS], changed, encoded[PROBLEMS]) | "BringProblemsTogether" >> beam.Flatten()
        vectors = (encoded[VECTORS], sorted_out[VECTORS]) | "BringVectorsTogether" >> beam.Flatten()
        return {VECTORS: vectors, PROBLEMS: problems}


_Equals = tuple[str, list[str]]
_Vector = npt.NDArray[np.float32]


def _known_vectors(pattern: str) -> Iterator[tuple[str, _Vector]]:
    for batch in read_batches(pattern, _ROWS_AT_ONCE):
        own = batch.column("vector").flatten().to_numpy().reshape(len(batch), -1)
        yield from zip(batch.column("picture").to_pylist(), own, strict=True)


def _first_of_equals(digest: str, group: tuple[Iterable[str], Iterable[_Vector]]) -> Iterator[Any]:
    """Yields one of the equal pictures to be encoded, or their vector where that is known."""
    equal, known = sorted(group[0]), list(group[1])
    if equal and known:
        yield TaggedOutput(VECTORS, _vectors_table([(digest, equal)], known[0][np.newaxis]))
    elif equal:
        yield equal[0], (digest, equal)


def _vectors_table(pictures: Sequence[_Equals], vectors: _Vector) -> pa.Table:
    digests, references = zip(*pictures, strict=True)
    columns = [pa.array(digests), pa.array(references, pa.list_(pa.string())), vector_lists(vectors)]
    return pa.table(columns, schema=PICTURE_VECTORS_SCHEMA)


def _each_reference(equals: _Equals, problem: Problem) -> Iterator[tuple[str, Problem]]:
    for reference in equals[1]:
        yield reference, problem


class _EncodeBatch(beam.DoFn):
    """Batches of pictures to tables; the encoder is loaded once a process."""

    def __init__(self, options: PictureOptions) -> None:
        self._options = options
        self._shared = Shared()
        self._encoder: PictureEncoder | None = None
        self._encoded = Tally("pictures")

    def setup(self) -> None:
        self._encoder = self._shared.acquire(lambda: load_picture_encoder(self._options), tag=self._options)

    def process(self, element: Sequence[tuple[_Equals, bytes]]) -> Iterator[Any]:
        if self._encoder is None:
            raise RuntimeError("Beam calls setup() before process().")
        equals, pixels = [], []
        for one, picture in element:
            try:
                pixels.append(decode_picture(self._encoder, picture))
                equals.append(one)
            except PictureError as error:
                for reference in one[1]:
                    yield TaggedOutput(PROBLEMS, (reference, error.problem))
        if equals:
            yield _vectors_table(equals, self._encoder.encode(np.stack(pixels)))
        self._encoded.add(len(element))


def decode_picture(encoder: PictureEncoder, picture: bytes) -> np.ndarray:
    """Returns a picture's pixels as the encoder wants them, float32 `(height, width, 3)`.

    Raises:
        PictureError: It is no JPEG or PNG, is too large, or is broken.
    """
    try:
        return encoder.decode(picture)
    except ValueError as error:
        detail = str(error)
        if NOT_A_PICTURE in detail:
            raise PictureError(NOT_JPEG_OR_PNG, "expected a JPEG or a PNG") from error
        if TOO_LARGE in detail:
            most = f"{encoder.max_pixels:,}"
            raise PictureError(
                TOO_MANY_PIXELS, f"expected {most} pixels at the most, by its header; see `pictures.max_pixels`"
            ) from error
        raise PictureError(BROKEN, detail) from error
