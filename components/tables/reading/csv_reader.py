"""Reads CSV as text, strictly: ids keep their zeros, and broken quoting is found where it happens."""

import csv
from collections.abc import Iterator

import pyarrow as pa

from components.errors import InputError
from components.tables.contract import Column
from components.tables.reading.files import READ_ERRORS, TableFile, not_utf8_message, open_csv
from components.tables.reading.source_batch import ROWS_PER_BATCH, BrokenRow, SourceBatch

_LONGEST_FIELD_CHARACTERS = 1 << 24


def read_csv(table: str, file: TableFile, columns: tuple[Column, ...]) -> Iterator[SourceBatch]:
    """Reads one CSV file: RFC 4180 with a header, commas, double quotes, and line breaks inside quotes.

    Every field stays the text that it is; an empty one is a missing value. A row with too many or too few fields
    is a broken row. Broken quoting and bytes that are not UTF-8 put the whole file in doubt and end the run.
    Lines without a character are no rows.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep.

    Yields:
        Batches whose columns are strings.

    Raises:
        InputError: If quoting is broken or the text is not UTF-8; names the line.
    """
    csv.field_size_limit(_LONGEST_FIELD_CHARACTERS)
    wanted = {column.name for column in columns}
    begin = 1
    with open_csv(file.path) as text:
        reader = csv.reader(text, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            kept = {name: header.index(name) for name in header if name in wanted}
            rows: list[list[str]] = []
            places: list[int] = []
            broken: list[BrokenRow] = []
            begin = reader.line_num + 1
            for row in reader:
                if len(row) == len(header):
                    rows.append(row)
                    places.append(begin)
                elif row:
                    broken.append(_broken_row(begin, header, row))
                begin = reader.line_num + 1
                if len(rows) + len(broken) >= ROWS_PER_BATCH:
                    yield _batch(file, kept, rows, places, broken)
                    rows, places, broken = [], [], []
        except csv.Error as error:
            raise InputError(
                f"Table `{table}`: `{file.path}` has broken quoting in the row that begins on line {begin} ({error}). "
                'Close the quotes, and write a quote inside a quoted field as two ("").'
            ) from error
        except UnicodeDecodeError as error:
            raise InputError(not_utf8_message(table, file.path, begin, error)) from error
        except READ_ERRORS as error:
            raise InputError(
                f"Table `{table}`: `{file.path}` cannot be read after line {begin}: {error}. Write the file anew."
            ) from error
        if rows or broken:
            yield _batch(file, kept, rows, places, broken)


def _broken_row(place: int, header: list[str], row: list[str]) -> BrokenRow:
    detail = f"expected {len(header)} fields, got {len(row)}"
    return BrokenRow(place=place, reason="wrong_number_of_fields", detail=detail, row={"line": ",".join(row)})


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
