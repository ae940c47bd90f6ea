"""A file of a few bytes that unpacks to very much is refused before that much is held."""

import gzip
import io
import itertools
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from components.errors import InputError
from components.tables.files.csv_reader import read_csv
from components.tables.files.excel_reader import read_excel
from components.tables.files.file_columns import file_columns
from components.tables.files.json_lines_reader import read_json_lines
from components.tables.files.table_file import TableFile
from tests.components.tables.files.tables_on_disk import raw_columns, sheet_bytes
from tests.fuzz.memory import highest_memory

TEXTS = raw_columns("texts")
MEGABYTE = b"x" * 1_000_000
SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"


def _packed(path: Path, parts: Iterable[bytes]) -> TableFile:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(parts)
    return TableFile(path=str(path), index=0, format="csv", compression="gzip")


@pytest.mark.parametrize(
    "parts",
    [
        [b"text,label", *[MEGABYTE] * 100],
        [b"text,label\n", *[MEGABYTE] * 100],
        [b"text,label\n", *[b'"a\n",' * 200_000] * 20],
        [b"text,label\n", *[b"," * 1_000_000] * 100],
    ],
    ids=["header", "line", "row of many lines", "row of many fields"],
)
def test_a_row_of_csv_without_an_end(tmp_path: Path, parts: list[bytes]) -> None:
    file = _packed(tmp_path / "t.csv.gz", parts)
    with highest_memory() as more_bytes, pytest.raises(InputError, match=r"has a row of more than 16,777,216 char"):
        list(read_csv("texts", file, TEXTS))
    assert more_bytes[0] < 400e6
    if len(parts[0]) == len(b"text,label"):
        with pytest.raises(InputError, match=r"has a row of more than 16,777,216 characters"):
            file_columns("texts", file)


def test_a_line_of_json_without_an_end(tmp_path: Path) -> None:
    file = _packed(tmp_path / "t.jsonl.gz", [b'{"text": "', *[MEGABYTE] * 100])
    with highest_memory() as more_bytes, pytest.raises(InputError, match=r"in line 1\. Is a quote open"):
        list(read_json_lines("texts", file, TEXTS))
    assert more_bytes[0] < 200e6


def test_batches_of_long_rows_are_small(tmp_path: Path) -> None:
    rows = _packed(tmp_path / "t.csv.gz", [b"text,label\n", *[MEGABYTE * 10 + b",a\n"] * 10])
    lines = _packed(tmp_path / "t.jsonl.gz", [b'{"label": "a", "text": "' + MEGABYTE * 10 + b'"}\n'] * 10)
    for batches in (read_csv("texts", rows, TEXTS), read_json_lines("texts", lines, TEXTS)):
        with highest_memory() as more_bytes:
            sizes = [batch.batch.num_rows for batch in batches]
        assert sizes == [7, 3]
        assert more_bytes[0] < 400e6


def test_json_that_nests_deeply_is_a_broken_row(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    deep = {"label": "a", "text": "b", "more": json.loads("[" * 99 + "]" * 99)}
    path.write_text(json.dumps(deep) + "\n" + json.dumps({**deep, "more": [deep["more"]]}) + "\n")
    (batch,) = read_json_lines("texts", TableFile(path=str(path), index=0, format="json_lines"), TEXTS)
    assert batch.places.to_pylist() == [1]
    assert [(row.place, row.reason, row.detail) for row in batch.broken] == [(2, "broken_json", "more than 100 levels")]


def test_objects_of_very_many_keys_are_not_all_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    numbers = itertools.count()
    path.write_text("".join(json.dumps({f"k{next(numbers)}": 1 for _ in range(1_000)}) + "\n" for _ in range(50)))
    found = file_columns("texts", TableFile(path=str(path), index=0, format="json_lines"))
    assert found is not None
    assert len(found.types) == 20_000


def _workbook(path: Path, changes: dict[str, tuple[bytes, bytes]]) -> TableFile:
    whole = sheet_bytes([["text", "label"], ["a", "b"], ["c", "d"]])
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, content.replace(*changes[name]) if name in changes else content)
    return TableFile(path=str(path), index=0, format="excel")


def test_rows_that_a_workbook_only_names(tmp_path: Path) -> None:
    file = _workbook(tmp_path / "t.xlsx", {SHEET: (b'<row r="3"', b'<row r="999999999"')})
    with pytest.raises(InputError, match=r"a sheet of more than 1,048,576 rows\. Save it anew"):
        list(read_excel("texts", file, TEXTS))


def test_a_workbook_that_unpacks_to_very_much(tmp_path: Path) -> None:
    file = _workbook(tmp_path / "t.xlsx", {STYLES: (b"</styleSheet>", b" " * 300_000_000 + b"</styleSheet>")})
    with highest_memory() as more_bytes, pytest.raises(InputError, match=r"it unpacks to 300,0\d\d,\d{3} bytes"):
        list(read_excel("texts", file, TEXTS))
    assert more_bytes[0] < 50e6
