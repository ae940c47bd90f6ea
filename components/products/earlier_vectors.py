"""Vectors of texts that an earlier run encoded already: an update takes them over, and encodes only what is new."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf

from components.products.vector_tables import TEXT_VECTORS_SCHEMA
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import TEXT_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_batches
from trainer.options import TextOptions

_ENCODER_FILE = "encoder.json"
# What the vector of a text depends on; the other options say which texts there are, and how they are worked through.
_ENCODED_BY = ("backbone", "sequence_length")
_ROWS_AT_ONCE = 8192


def write_encoder(uri: str, options: TextOptions, source_digest: str) -> None:
    """Notes beside vectors what they were computed by."""
    write_json(f"{uri}/{_ENCODER_FILE}", _encoder(options, source_digest))


def encoded_alike(uri: str, options: TextOptions, source_digest: str) -> bool:
    """Says whether vectors of an earlier run are those that these options and this code would compute."""
    try:
        found = read_json(f"{uri}/{_ENCODER_FILE}")
    except tf.errors.NotFoundError:
        found = None
    if found == _encoder(options, source_digest):
        return True
    logging.warning("All texts are encoded anew: the vectors in %s were computed by another encoder.", uri)
    return False


def _encoder(options: TextOptions, source_digest: str) -> dict[str, Any]:
    return {**{name: getattr(options, name) for name in _ENCODED_BY}, "source_digest": source_digest}


class LeaveOutKnownTexts(beam.PTransform):
    """Distinct texts to those that earlier vectors lack; a worker holds a hash of each earlier text.

    Args:
        uri: The earlier TextVectors artifact.
    """

    def __init__(self, uri: str) -> None:
        super().__init__()
        self._uri = uri

    def expand(self, texts: beam.PCollection[str]) -> beam.PCollection[str]:
        """Adds the comparison to a pipeline."""
        return texts | "LeaveOutKnown" >> beam.ParDo(_LeaveOutKnown(self._uri)).with_output_types(str)


class TakeOverVectors(beam.PTransform):
    """Distinct texts to tables with `TEXT_VECTORS_SCHEMA` of those that earlier vectors have.

    A worker holds a hash of each text, and some thousand vectors.

    Args:
        uri: The earlier TextVectors artifact.
    """

    def __init__(self, uri: str) -> None:
        super().__init__()
        self._uri = uri

    def expand(self, texts: beam.PCollection[str]) -> beam.PCollection[pa.Table]:
        """Adds the look-up to a pipeline."""
        wanted = beam.pvalue.AsSingleton(
            texts | "HashTexts" >> beam.Map(_hash) | "GatherHashes" >> beam.CombineGlobally(_union)
        )
        return (
            texts.pipeline
            | "NameEarlier" >> beam.Create([self._uri], reshuffle=False)
            | "ReadEarlier" >> beam.FlatMap(_read_wanted, wanted)
        )


class _LeaveOutKnown(beam.DoFn):
    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._known: frozenset[bytes] = frozenset()

    def setup(self) -> None:
        batches = read_batches(shards(self._uri, TEXT_VECTORS_PREFIX), _ROWS_AT_ONCE)
        self._known = frozenset(_hash(text) for batch in batches for text in batch.column("text").to_pylist())

    def process(self, element: str) -> Iterator[str]:
        if _hash(element) not in self._known:
            yield element


def _read_wanted(uri: str, wanted: frozenset[bytes]) -> Iterator[pa.Table]:
    for batch in read_batches(shards(uri, TEXT_VECTORS_PREFIX), _ROWS_AT_ONCE):
        kept = pa.array([_hash(text) in wanted for text in batch.column("text").to_pylist()], pa.bool_())
        yield pa.Table.from_batches([batch]).filter(kept).cast(TEXT_VECTORS_SCHEMA)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _union(hashes: Iterable[Any]) -> frozenset[bytes]:
    """Brings hashes together, and sets of hashes; associative."""
    found: set[bytes] = set()
    for each in hashes:
        found |= each if isinstance(each, frozenset) else {each}
    return frozenset(found)
