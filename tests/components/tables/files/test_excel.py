"""Excel workbooks: cells keep what they are."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from components.tables.files import excel_reader
from components.tables.files.excel_reader import read_excel
from components.tables.files.file_columns import file_columns, listed
from components.tables.files.finding import find_table_files
from components.tables.files.raw_column import RawColumn
from components.tables.reading.source_batch import SourceBatch
from components.tables.sources import FileForm
from tests.components.tables.files.tables_on_disk import workbook, zipped

COLUMNS = (
    RawColumn(name="id", kind="string"),
    RawColumn(name="when", kind="timestamp"),
    RawColumn(name="price", kind="float"),
    RawColumn(name="in_stock", kind="boolean"),
    RawColumn(name="absent", kind="string"),
)
HEADER: list[object] = ["id", "note", None, " when ", "price", "in_stock"]


def _read(path: Path) -> list[SourceBatch]:
    (file,) = find_table_files("events", FileForm(path=str(path)))
    return list(read_excel("events", file, COLUMNS))


def test_cells_keep_what_they_are(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        HEADER,
        ["85123A", "x", None, datetime(2010, 12, 1, 8, 26), 2.55, True],
        [22423, "y", 5, datetime(2010, 12, 1, 8, 28), 3, False],
        [],
        [536365.0],
    ]
    path = workbook(tmp_path / "e.xlsx", [[None, None]], [[], *rows], [["id"], ["other"]])
    (batch,) = _read(path)
    assert batch.batch.to_pydict() == {
        "id": ["85123A", "22423", "536365"],
        "when": [datetime(2010, 12, 1, 8, 26), datetime(2010, 12, 1, 8, 28), None],
        "price": [2.55, 3.0, None],
        "in_stock": [True, False, None],
    }
    assert batch.batch.schema.field("when").type == pa.timestamp("us")
    assert (batch.unit, batch.places.to_pylist()) == ("row", [3, 4, 6])
    (file,) = find_table_files("events", FileForm(path=str(path)))
    found = file_columns("events", file)
    assert found is not None
    assert listed(found.types, found.nameless) == "`id`, `note`, `when`, `price`, `in_stock`, column 3 (without a name)"


def test_times_among_texts_are_iso_8601(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "e.xlsx", [["when"], [datetime(2010, 12, 1, 8, 26)], ["2010-12-02"], [date(2010, 12, 3)]]
    )
    assert _read(path)[0].batch.column("when").to_pylist() == [
        "2010-12-01T08:26:00",
        "2010-12-02",
        "2010-12-03T00:00:00",
    ]


def test_a_workbook_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_reader, "ROWS_PER_BATCH", 2)
    batches = _read(workbook(tmp_path / "e.xlsx", [["id"], ["a"], ["b"], ["c"]]))
    assert [batch.batch.column("id").to_pylist() for batch in batches] == [["a", "b"], ["c"]]
    assert [place for batch in batches for place in batch.places.to_pylist()] == [2, 3, 4]


def test_what_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    path.write_text("id,price\n1,2\n")
    (file,) = find_table_files("events", FileForm(path=str(path)))
    for read in (lambda: _read(path), lambda: file_columns("events", file)):
        with pytest.raises(InputError, match=r"e\.xlsx` cannot be read as an Excel workbook"):
            read()


def test_an_empty_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path / "e.xlsx", [[]])
    (file,) = find_table_files("events", FileForm(path=str(path)))
    with pytest.raises(InputError, match="Table `events` is empty"):
        file_columns("events", file)


@pytest.mark.parametrize(
    "damaged", ["xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml", "xl/worksheets/sheet1.xml"]
)
def test_a_damaged_workbook(tmp_path: Path, damaged: str) -> None:
    path = workbook(tmp_path / "e.xlsx", [["id"], *([f"a{number}"] for number in range(500))])
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    zipped(path, content | {damaged: content[damaged][: len(content[damaged]) // 2]})
    with pytest.raises(InputError, match=r"e\.xlsx` cannot be read as an Excel workbook"):
        _read(path)


def test_an_error_of_another_is_not_the_fault_of_the_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "e.xlsx", [["id"], ["a"]])

    def fail(*_: object) -> None:
        raise ValueError("of another")

    monkeypatch.setattr(excel_reader, "_batch", fail)
    monkeypatch.setattr(excel_reader, "ROWS_PER_BATCH", 1)
    with pytest.raises(ValueError, match=r"^of another$"):
        _read(path)
