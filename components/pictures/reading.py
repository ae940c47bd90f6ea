"""ReadPictures: the bytes of pictures, wherever a table says that they lie."""

import base64
import binascii
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import apache_beam as beam
import pyarrow.parquet as pq
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import TaggedOutput

from components.pictures.problems import (
    MISSING_FILE,
    NOT_BASE64,
    TOO_MANY_BYTES,
    UNREADABLE_FILE,
    PictureError,
    Problem,
)
from components.tables.files.parquet_reader import column_at
from components.tables.files.picture_places import PicturePlace, picture_place
from components.tables.sources import table_path

# Outputs of ReadPictures: what came with each reference, and its picture or what is wrong.
PICTURES, PROBLEMS = "pictures", "problems"
_FILES, _ROWS = "files", "rows"
_DATA_URI = "data:"
_ROWS_AT_ONCE = 16
_BUFFER_BYTES = 1 << 20

Wanted: TypeAlias = tuple[str, Any]
_Group: TypeAlias = tuple[str, str, int]


class ReadPictures(beam.PTransform):
    """Reads pictures, one in memory at a time, or some where they are values of Parquet.

    A reference is a path, a URI of any filesystem that Beam reads, a `data:` URI, or what
    `components.tables.files.picture_places` says of a value in a Parquet file. A row group is gone through once for all
    of its pictures that are wanted. A value that is missing there is no picture, and nothing comes of it.

    Takes pairs of a reference and of anything. Puts out, under `PICTURES`, the latter with the picture's bytes, and
    under `PROBLEMS` with a `Problem`.

    Args:
        folder: Where relative paths start.
        max_bytes: Size of a picture at the most.
    """

    def __init__(self, folder: str, max_bytes: int) -> None:
        super().__init__()
        self._folder, self._max_bytes = folder, max_bytes

    def expand(self, wanted: beam.PCollection[Wanted]) -> Any:  # Beam would take a dict for a hint about elements.
        """Adds the reading to a pipeline."""
        placed = wanted | "FindRowGroups" >> beam.ParDo(_FindRowGroup()).with_outputs(_FILES, _ROWS)
        files = (
            placed[_FILES]
            | "SpreadFiles" >> beam.Reshuffle()
            | "ReadFiles"
            >> beam.FlatMap(_read_file, self._folder, self._max_bytes).with_outputs(PROBLEMS, main=PICTURES)
        )
        rows = (
            placed[_ROWS]
            | "GroupRows" >> beam.GroupByKey()
            | "ReadRows" >> beam.FlatMap(_read_rows, self._max_bytes).with_outputs(PROBLEMS, main=PICTURES)
        )
        return {
            output: (files[output], rows[output]) | f"Bring{output.capitalize()}Together" >> beam.Flatten()
            for output in (PICTURES, PROBLEMS)
        }


class _FindRowGroup(beam.DoFn):
    """Tells references to values of Parquet, by their row groups, from others."""

    def __init__(self) -> None:
        # First row of each row group, and their end, by file.
        self._bounds: dict[str, list[int]] = {}

    def process(self, element: Wanted) -> Iterator[TaggedOutput]:
        reference, payload = element
        place = picture_place(reference)
        if place is None:
            yield TaggedOutput(_FILES, element)
            return
        group, row = self._group_of(place)
        yield TaggedOutput(_ROWS, ((place.path, place.column, group), (row, payload)))

    def _group_of(self, place: PicturePlace) -> tuple[int, int]:
        bounds = self._bounds.get(place.path)
        if bounds is None:
            with _open(place.path) as handle:
                metadata = pq.read_metadata(handle)
            sizes = (metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
            bounds = self._bounds[place.path] = list(itertools.accumulate(sizes, initial=0))
        group = next(group for group, stop in enumerate(bounds[1:]) if place.row < stop)
        return group, place.row - bounds[group]


def _read_file(wanted: Wanted, folder: str, max_bytes: int) -> Iterator[Any]:
    reference, payload = wanted
    try:
        yield payload, picture_bytes(reference, folder, max_bytes)
    except PictureError as error:
        yield TaggedOutput(PROBLEMS, (payload, error.problem))


def picture_bytes(reference: str, folder: str, max_bytes: int) -> bytes:
    """Reads a picture from its path, its URI or its `data:` URI.

    Raises:
        PictureError: It is not there, cannot be read, or is larger than `max_bytes`.
    """
    if reference.startswith(_DATA_URI):
        return _sized(_bytes_of_data(reference, max_bytes), max_bytes)
    path = table_path(reference, folder)
    try:
        # One byte more than is let through tells that there are more.
        with _open(path) as file:
            return _sized(file.read(max_bytes + 1), max_bytes)
    except FileNotFoundError as error:
        raise PictureError(MISSING_FILE, f"expected a picture at {path}, found nothing") from error
    except (OSError, ValueError) as error:
        missing = not _scheme_is_known(path, error)
        why = "no filesystem that Beam knows has such URIs; copy the pictures first" if missing else str(error)
        raise PictureError(UNREADABLE_FILE, f"{path} cannot be read: {why}") from error


def _read_rows(group: tuple[_Group, Iterable[tuple[int, Any]]], max_bytes: int) -> Iterator[Any]:
    (path, column, number), wanted = group
    payloads: dict[int, list[Any]] = defaultdict(list)
    for row, payload in wanted:
        payloads[row].append(payload)
    first = 0
    with _open(path) as handle:
        # Page by page: the pictures of a row group may be more than memory holds.
        file = pq.ParquetFile(handle, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=[number], columns=[column], use_threads=False):
            values = column_at(batch, column)
            for row in range(first, first + len(values)):
                picture: bytes = (values[row - first].as_py() if row in payloads else None) or b""
                for payload in payloads[row] if picture else ():
                    if len(picture) > max_bytes:
                        yield TaggedOutput(PROBLEMS, (payload, _too_many(len(picture), max_bytes)))
                    else:
                        yield payload, picture
            first += len(values)


def _bytes_of_data(reference: str, max_bytes: int) -> bytes:
    head, _, data = reference.partition(",")
    if not head.endswith(";base64"):
        raise PictureError(NOT_BASE64, "expected a data: URI in base64")
    if len(data) > 2 * max_bytes + 4:
        raise PictureError(*_too_many(len(data) * 3 // 4, max_bytes))
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError(NOT_BASE64, f"expected a data: URI in base64: {error}") from error


def _sized(picture: bytes, max_bytes: int) -> bytes:
    if len(picture) > max_bytes:
        raise PictureError(*_too_many(None, max_bytes))
    return picture


def _too_many(found: int | None, max_bytes: int) -> Problem:
    size = "more" if found is None else f"{found:,}"
    return Problem(TOO_MANY_BYTES, f"expected {max_bytes:,} bytes at the most, found {size}; see `pictures.max_bytes`")


def _scheme_is_known(path: str, error: Exception) -> bool:
    return not (isinstance(error, ValueError) and "://" in path)


def _open(path: str) -> Any:
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
