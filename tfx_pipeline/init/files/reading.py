"""Reads the first rows of files, and finds out how they are written."""

import csv
import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from components.errors import InputError
from components.tables.files.bounded_lines import BoundedLines
from components.tables.files.dialect import open_rows
from components.tables.files.file_columns import FileColumns, file_columns, listed
from components.tables.files.first_bytes import marked_encoding
from components.tables.files.opening import open_text
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.files.value_arrays import of_one_type
from components.tables.reading.reader import read_batches
from tfx_pipeline.init.files.copies import note_copies
from tfx_pipeline.init.files.encodings import guess_encoding, header_bytes, reading_in, telling_bytes
from tfx_pipeline.init.files.inputs import TABLE, FileGroup, find_groups
from tfx_pipeline.init.known import headerless_names
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.values.numbers import is_number

# So many values are read of files that are alike: enough to see a year of a small shop, in a few seconds.
_MOST_VALUES = 8_000_000
_FILES_LOOKED_AT = 20
# As many as the bad rows that a run bears.
_MOST_BROKEN = 0.01
_RARE_SEPARATORS = ("^", "~", ":", "\x01")


def read_samples(paths: Iterable[str], asker: Asker) -> list[Sample]:
    """Reads the first rows of all files under some paths; see `find_groups`.

    Args:
        paths: Files, folders and globs.
        asker: Settles how text is encoded where the bytes do not tell, and takes what is said of files in a folder that
            are passed over.

    Raises:
        InputError: Nothing is there, or a file that is named itself cannot be read.
    """
    samples = []
    refused: list[InputError] = []
    groups = find_groups(paths, asker.note)
    note_copies((file for group in groups for file in group.files), asker.note)
    for group in groups:
        try:
            samples.append(read_sample(group, asker))
        except InputError as error:
            if not group.among_others:
                raise
            refused.append(error)
            asker.note(f"Passed over: {str(error).removeprefix(f'Table `{TABLE}`: ')}")
    if not samples:
        raise refused[0]
    return samples


def read_sample(group: FileGroup, asker: Asker) -> Sample:
    """Reads the first rows of files with the same columns.

    Args:
        group: The files.
        asker: Settles how text is encoded where the bytes do not tell, and is told of rows that cannot be read.

    Raises:
        InputError: A file cannot be read, has no rows or no names of columns, or more than 1% of its rows are broken.
    """
    label = os.path.basename(group.path.rstrip("/"))
    form = _text_form(group.files, label, asker) if group.files[0].format in ("csv", "json_lines") else {}
    files = [_with_form(file, form) for file in group.files]
    columns = _columns_of(files)
    if columns is None:
        raise InputError(f"`{group.path}` is empty: it holds no row.")
    rows, complete = _read_rows(files, columns, label, asker)
    if rows.num_rows == 0:
        raise InputError(f"`{group.path}` is empty: it holds no row.")
    return Sample(path=group.path, rows=rows, complete=complete, form=form, label=label)


def _columns_of(files: Sequence[TableFile]) -> FileColumns | None:
    """Returns the columns of files; of JSON Lines, which leave out keys without a value, those of the first few."""
    found: FileColumns | None = None
    for file in files[: _FILES_LOOKED_AT if files[0].format == "json_lines" else 1]:
        columns = file_columns(TABLE, file)
        if found is None or columns is None:
            found = found or columns
            continue
        found = replace(found, types=found.types | columns.types, item_types=found.item_types | columns.item_types)
    return found


def _with_form(file: TableFile, form: dict[str, Any]) -> TableFile:
    return replace(
        file,
        separator=form.get("separator", file.separator),
        encoding=form.get("encoding", file.encoding),
        names=tuple(form.get("names", ())),
    )


def _text_form(files: Sequence[TableFile], label: str, asker: Asker) -> dict[str, Any]:
    """Returns options that say how text is written, where its beginning does not say it to the readers."""
    form: dict[str, Any] = {}
    encoding = _encoding_of(files, label, asker)
    if encoding is not None:
        form["encoding"] = encoding
    if files[0].format == "csv":
        form.update(_dialect(_with_form(files[0], form), label))
    return form


def _encoding_of(files: Sequence[TableFile], label: str, asker: Asker) -> str | None:
    """Returns how the text of files is encoded, and says where they differ; None for UTF-8."""
    heads = iter(map(telling_bytes, files))
    others_before = []
    for head in heads:
        guess = guess_encoding(head)
        if guess.encoding is not None:
            break
        others_before.append(head)
    else:
        return None
    choices = (guess.encoding, *guess.others)
    place = 0
    if guess.others:
        place = asker.choose(
            f"{label}: the text is not UTF-8. Which of these reads right?",
            [f"`{encoding}`: {reading_in(head, encoding)}" for encoding in choices],
        )
    others = [*others_before, *itertools.islice(heads, _FILES_LOOKED_AT)]
    # What has no letter beyond ASCII is the same in each, and a mark of the byte order counts more.
    telling = [each for each in others if not each.isascii() and marked_encoding(each) is None]
    differing = {guess_encoding(each).encoding or "utf-8" for each in telling} - set(choices)
    if differing:
        asker.note(
            f"{label}: not all files are encoded alike, as some are in {choices[place]} and some seem to be in "
            f"{' or '.join(sorted(differing))}, and letters of these are read wrong. Write all of them as UTF-8."
        )
    return choices[place]


def _dialect(file: TableFile, label: str) -> dict[str, Any]:
    with open_text(TABLE, file) as text:
        first = next(BoundedLines(TABLE, file, text.readline), "")
    form: dict[str, Any] = {}
    with open_text(TABLE, file) as text:
        opened = open_rows(BoundedLines(TABLE, file, text.readline), file.separator)
    fields: Sequence[str] = opened.header
    if len(fields) == 1:
        for sign in _RARE_SEPARATORS:
            if first.count(sign) > 1:
                form["separator"], fields = sign, next(csv.reader([first], delimiter=sign))
                break
    if _looks_like_a_row(fields):
        names = headerless_names(fields)
        if names is None:
            raise InputError(
                f"`{label}` lacks a line with the names of its columns: its first line is `{first.strip():.60}`. "
                "Write one above it, such as `user_id,product_id,event_type,timestamp`."
            )
        form["names"] = list(names)
    return form


def _looks_like_a_row(fields: Sequence[str]) -> bool:
    """Says whether a first line has values, not names: no name of a column is a number."""
    named = [field for field in fields if field]
    return bool(named) and sum(is_number(field) for field in named) > len(named) / 4


def _read_rows(files: Sequence[TableFile], columns: FileColumns, label: str, asker: Asker) -> tuple[pa.Table, bool]:
    """Returns rows of files, and whether these are all."""
    # As text, what has no type in its file: numbers stay what they are, and objects can be told.
    raw = tuple(
        RawColumn(name=name, kind="json")
        for name in columns.types
        if not any(other.startswith(f"{name}.") for other in columns.types)
    )
    batches: list[pa.RecordBatch] = []
    rows = broken = 0
    first_broken = ""
    complete = True
    for batch in read_batches(TABLE, files, raw):
        batches.append(_with_blanks_as_missing(batch.batch))
        rows += batch.batch.num_rows
        broken += len(batch.broken)
        if batch.broken and not first_broken:
            first = batch.broken[0]
            first_broken = f"the first is {batch.unit} {first.place} of `{batch.path}`: {first.detail}"
        if (rows + broken) * len(raw) >= _MOST_VALUES:
            complete = False
            break
    if broken:
        said = f"{label}: {broken} of {rows + broken} rows cannot be read; {first_broken}."
        if broken > _MOST_BROKEN * (rows + broken):
            raise InputError(f"{said} {_advice(files[0], columns)}")
        asker.note(said)
    return _as_one_table(batches), complete


def _advice(file: TableFile, columns: FileColumns) -> str:
    """Says what may be wrong with a file most of whose rows cannot be read."""
    if file.format == "json_lines" and header_bytes(file).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return "The file is one JSON array: write one object a line."
    if file.format == "csv" and not file.names:
        return (
            f"The first line was taken for the names of the columns: {listed(columns.types)}. Take out lines "
            "that stand above the names, or mend the program that writes the file."
        )
    return "Mend the file, or the program that writes it."


def _with_blanks_as_missing(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = []
    for array in batch.columns:
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
            array = pa.array([value and value.decode("utf-8", "replace") for value in array.to_pylist()], pa.string())
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            blank = pa.compute.equal(pa.compute.utf8_trim_whitespace(array), "")
            array = pa.compute.if_else(pa.compute.fill_null(blank, False), pa.scalar(None, array.type), array)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _as_one_table(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """Returns the rows of all batches, with text for the columns whose types differ between files."""
    columns = {}
    for name in dict.fromkeys(name for batch in batches for name in batch.schema.names):
        arrays = [batch.column(name) if name in batch.schema.names else pa.nulls(batch.num_rows) for batch in batches]
        columns[name] = pa.chunked_array(of_one_type(arrays))
    return pa.table(columns)
