"""Reads Excel workbooks (.xlsx): the first sheet that has rows."""

import contextlib
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import openpyxl
import pyarrow as pa

from components.errors import InputError
from components.tables.files.opening import open_packed
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.files.value_arrays import value_array, value_text
from components.tables.reading.source_batch import ROWS_PER_BATCH, SourceBatch

# What openpyxl raises for what is no workbook, or a damaged one; errors of XML are SyntaxErrors.
_NO_WORKBOOK = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    SyntaxError,
)

# Excel's own limit.
_MOST_ROWS = 1_048_576
# All parts of a workbook together once they are unpacked, and those that are held as a whole: all but the sheets.
_MOST_BYTES, _MOST_HELD_BYTES = 2 << 30, 256 << 20


def read_excel(table: str, file: TableFile, columns: Iterable[RawColumn]) -> Iterator[SourceBatch]:
    """Reads the first sheet of a workbook that has rows; its first row that is not empty names the columns.

    Cells keep what they are: numbers, texts, times, true and false; of a formula, the value that Excel computed last
    counts. Rows without a value are no rows. Rows are read one by one, but the workbook's texts are held at once, as
    the file keeps them in one place.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep.

    Yields:
        Batches; a row's place is its number in the sheet.

    Raises:
        InputError: The file is no workbook.
    """
    with _sheet(table, file) as rows:
        header = _names(next(rows, (0, ()))[1])
        kept = [(header.index(column.name), column) for column in columns if column.name in header]
        places: list[int] = []
        values: list[list[Any]] = [[] for _ in kept]
        for place, row in rows:
            places.append(place)
            for (index, _), column_values in zip(kept, values, strict=True):
                column_values.append(row[index] if index < len(row) else None)
            if len(places) >= ROWS_PER_BATCH:
                yield _batch(file, kept, places, values)
                places, values = [], [[] for _ in kept]
    if places:
        yield _batch(file, kept, places, values)


def excel_header(table: str, file: TableFile) -> tuple[str, ...]:
    """Returns the names of the columns of a workbook's first sheet with rows, "" for those without.

    Raises:
        InputError: The file is no workbook.
    """
    with _sheet(table, file) as rows:
        return _names(next(rows, (0, ()))[1])


@contextlib.contextmanager
def _sheet(table: str, file: TableFile) -> Iterator[Iterator[tuple[int, tuple[Any, ...]]]]:
    """Opens a workbook; gives the number and the cells of each row of the first sheet that has one."""
    with contextlib.ExitStack() as opened:
        with _damage_named(table, file):
            packed = opened.enter_context(open_packed(file.path))
            _check_size(packed)
            opened.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # Of styles and rules for input, which are not read.
            workbook = openpyxl.load_workbook(packed, read_only=True, data_only=True)
            opened.callback(workbook.close)
            rows = next(filter(None, map(_rows, workbook.worksheets)), iter(()))
        yield _read_on(table, file, rows)


def _read_on(table: str, file: TableFile, rows: Iterator[Any]) -> Iterator[Any]:
    """Yields rows, which are read as they are asked for."""
    with _damage_named(table, file):
        yield from rows


@contextlib.contextmanager
def _damage_named(table: str, file: TableFile) -> Iterator[None]:
    """Turns what openpyxl raises into one message; no code but its own runs inside."""
    try:
        yield
    except _NO_WORKBOOK as error:
        raise InputError(
            f"Table `{table}`: `{file.path}` cannot be read as an Excel workbook (.xlsx): {error}. "
            "Save it anew in Excel, without a password, or as CSV."
        ) from error


def _rows(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]] | None:
    """Returns the rows of a sheet that have a value, with their numbers; None where there is none."""
    sheet.reset_dimensions()  # Which other programs than Excel write wrong.
    numbered = enumerate(_no_more_rows(sheet.iter_rows(values_only=True)), start=1)
    filled = ((place, row) for place, row in numbered if any(value not in (None, "") for value in row))
    first = next(filled, None)
    if first is None:
        return None
    return _with_first(first, filled)


def _no_more_rows(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yields rows; openpyxl makes those that a sheet leaves out, up to any number that it names."""
    yield from itertools.islice(rows, _MOST_ROWS)
    if next(rows, None) is not None:
        raise ValueError(f"a sheet of more than {_MOST_ROWS:,} rows")


def _check_size(packed: BinaryIO) -> None:
    """Refuses a workbook that unpacks to more than a worker can hold; no part gives more than is stated for it."""
    with zipfile.ZipFile(packed) as archive:
        sizes = {part.filename: part.file_size for part in archive.infolist()}
    held = sum(size for name, size in sizes.items() if not name.startswith("xl/worksheets/"))
    if sum(sizes.values()) > _MOST_BYTES or held > _MOST_HELD_BYTES:
        raise ValueError(
            f"it unpacks to {sum(sizes.values()):,} bytes, {held:,} of them texts and styles; {_MOST_BYTES:,} and "
            f"{_MOST_HELD_BYTES:,} are the most"
        )
    packed.seek(0)


def _with_first(
    first: tuple[int, tuple[Any, ...]], others: Iterator[tuple[int, tuple[Any, ...]]]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    yield first
    yield from others


def _names(cells: Iterable[Any]) -> tuple[str, ...]:
    return tuple((value_text(cell) or "").strip() for cell in cells)


def _batch(
    file: TableFile, kept: list[tuple[int, RawColumn]], places: list[int], values: list[list[Any]]
) -> SourceBatch:
    arrays = [value_array(column_values, column) for (_, column), column_values in zip(kept, values, strict=True)]
    return SourceBatch(
        path=file.path,
        file_index=file.index,
        unit="row",
        places=pa.array(places, pa.int64()),
        batch=pa.RecordBatch.from_arrays(arrays, names=[column.name for _, column in kept]),
    )
