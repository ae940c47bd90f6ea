"""Reads CSV as text, strictly: ids keep their zeros, and broken quoting is found where it happens."""

import csv
from collections.abc import Iterable, Iterator

import pyarrow as pa

from components.errors import InputError
from components.tables.files.bounded_lines import BATCH_CHARACTERS, BoundedLines
from components.tables.files.dialect import open_rows
from components.tables.files.opening import READ_ERRORS, broken_off_message, open_text, wrong_encoding_message
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.reading.source_batch import ROWS_PER_BATCH, BrokenRow, SourceBatch


def read_csv(table: str, file: TableFile, columns: Iterable[RawColumn]) -> Iterator[SourceBatch]:
    """Reads one CSV file: RFC 4180 with a header, any separator, double quotes, and line breaks inside quotes.

    Every field stays the text that it is; an empty one is a missing value. A row with too many or too few fields
    is a broken row, unless nothing stands in those that are too many, or those that it lacks have no name. Broken
    quoting and bytes that are not of the encoding put the whole file in doubt and end the run. Lines without a
    character are no rows.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep.

    Yields:
        Batches whose columns are strings.

    Raises:
        InputError: If quoting is broken, a row is longer than any row of a table, or the text is not of the encoding;
            names the line.
    """
    wanted = {column.name for column in columns}
    begin = 1
    try:
        with open_text(table, file) as text:
            lines = BoundedLines(table, file, text.readline)
            opened = open_rows(lines, file.separator, file.names)
            header, reader, next_line = opened.header, opened.reader, opened.lines_before + 1
            kept = {name: header.index(name) for name in header if name in wanted}
            width = len(header)
            named = max((place for place, name in enumerate(header, start=1) if name), default=width)
            rows: list[list[str]] = []
            places: list[int] = []
            broken: list[BrokenRow] = []
            begin = reader.line_num + next_line
            batch_begin = lines.row_length = 0
            for row in reader:
                lines.row_length = 0
                if len(row) == width:
                    rows.append(row)
                    places.append(begin)
                elif row:
                    if len(row) >= named and not any(row[width:]):
                        rows.append(row)
                        places.append(begin)
                    else:
                        broken.append(_broken_row(begin, opened.separator, width, row))
                begin = reader.line_num + next_line
                if len(rows) + len(broken) >= ROWS_PER_BATCH or lines.length - batch_begin >= BATCH_CHARACTERS:
                    yield _batch(file, kept, rows, places, broken)
                    rows, places, broken = [], [], []
                    batch_begin = lines.length
    except csv.Error as error:
        raise InputError(
            f"Table `{table}`: `{file.path}` has broken quoting in the row that begins on line {begin} ({error}). "
            'Close the quotes, and write a quote inside a quoted field as two ("").'
        ) from error
    except UnicodeError as error:
        raise InputError(wrong_encoding_message(table, file, begin, error)) from error
    except READ_ERRORS as error:
        raise InputError(broken_off_message(table, file, begin, error)) from error
    if rows or broken:
        yield _batch(file, kept, rows, places, broken)


def _broken_row(place: int, separator: str, width: int, row: list[str]) -> BrokenRow:
    detail = f"expected {width} fields, got {len(row)}"
    return BrokenRow(place=place, reason="wrong_number_of_fields", detail=detail, row={"line": separator.join(row)})


def _batch(
    file: TableFile, kept: dict[str, int], rows: list[list[str]], places: list[int], broken: list[BrokenRow]
) -> SourceBatch:
    return SourceBatch(
        path=file.path,
        file_index=file.index,
        unit="line",
        places=pa.array(places, pa.int64()),
        batch=pa.RecordBatch.from_arrays(
            # Text of more than 2 GiB in a batch needs the large type.
            [pa.array([row[index] for row in rows], pa.large_string()) for index in kept.values()],
            names=list(kept),
        ),
        broken=tuple(broken),
    )
