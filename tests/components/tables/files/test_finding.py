"""Files found and columns checked before a row is read: each fault is one message."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.files.finding import find_table_files
from components.tables.files.table_file import TableFile
from components.tables.shaping.planning import plan_table
from components.tables.sources import FileForm, TableSource, table_path


def _find(table: str, path: Path | str) -> list[TableFile]:
    return find_table_files(table, FileForm(path=str(path)))


def _check(table: str, path: Path | str, options: TableOptions | None = None) -> list[str]:
    plan = plan_table(TABLES[table], options or TableOptions(), [TableSource(path=str(path))])
    return [column.name for column in plan.present]


def test_finds_a_file_a_glob_and_a_folder(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "_SUCCESS", ".hidden.crc"):
        (tmp_path / name).write_text("text,label\nx,y\n")
    both = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    for path, expected in (("b.csv", both[1:]), ("*.csv", both), ("", both), ("*", both)):
        files = _find("texts", tmp_path / path)
        assert [file.path for file in files] == expected
        assert [file.index for file in files] == list(range(len(expected)))


def test_a_name_with_brackets_is_no_glob(tmp_path: Path) -> None:
    path = tmp_path / "texts [new].csv"
    path.write_text("text,label\nx,y\n")
    assert [file.path for file in _find("texts", path)] == [str(path)]


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere-*.parquet", "no/folder/x.csv"])
def test_a_missing_table(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"Table `products`: expected a file.*nothing is at") as raised:
        _find("products", tmp_path / name)
    assert name in str(raised.value)


def test_an_unknown_filesystem() -> None:
    with pytest.raises(InputError, match=r"cannot look for `nosuch://x/y\.csv`"):
        _find("products", "nosuch://x/y.csv")


def test_an_unknown_format(tmp_path: Path) -> None:
    (tmp_path / "products.xls").write_bytes(b"x")
    with pytest.raises(InputError, match=r"not known by its ending.*\.parquet"):
        _find("products", tmp_path / "products.xls")


def test_mixed_formats(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.jsonl").write_text("{}")
    with pytest.raises(InputError, match="mixes formats"):
        _find("products", tmp_path)


def test_lists_the_columns_of_each_format(tmp_path: Path) -> None:
    row = {"product_id": "1", "title": "x", "price": 1.0, "colour": "red"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "p.parquet")
    (tmp_path / "p.csv").write_text("\ufeffproduct_id, title ,price,colour\n1,x,1,red\n")
    (tmp_path / "p.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(b"product_id,title,price\n1,x,1\n"))
    for name in ("p.parquet", "p.csv", "p.csv.gz"):
        assert _check("products", tmp_path / name) == ["product_id", "title", "price"]
    # Later lines may have any of them.
    assert _check("products", tmp_path / "p.jsonl") == list(TABLES["products"].column_names)
    options = TableOptions(categorical_columns=("colour",))
    assert _check("products", tmp_path / "p.csv", options) == ["product_id", "title", "price", "colour"]


@pytest.mark.parametrize("name", ["p.parquet", "p.csv", "p.jsonl"])
def test_a_missing_column(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "p.parquet":
        pq.write_table(pa.table({"product_id": ["1"], "name": ["x"]}), path)
    else:
        path.write_text("product_id,name\n1,x\n" if name == "p.csv" else '{"product_id": "1", "name": "x"}\n')
    with pytest.raises(InputError, match=r"lacks column `title`; it has `product_id`, `name`") as raised:
        _check("products", path)
    assert str(path) in str(raised.value)


def test_timestamp_or_position(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("user_id,product_id,event_type\n1,2,view\n")
    with pytest.raises(InputError, match="lacks column `timestamp` or `position`"):
        _check("events", path)
    for column in ("timestamp", "position"):
        path.write_text(f"user_id,product_id,event_type,{column}\n1,2,view,3\n")
        assert column in _check("events", path)


def test_a_missing_extra_column(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user_id\n1\n")
    with pytest.raises(InputError, match=r"lacks column `age` \(which the configuration asks for\)"):
        _check("users", tmp_path / "u.csv", TableOptions(categorical_columns=("age",)))


def test_a_doubled_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label,text\n")
    with pytest.raises(InputError, match="column `text` more than once"):
        _check("texts", tmp_path / "t.csv")


def test_files_that_differ(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["x"], "label": ["y"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["x"], "label": pa.nulls(1)}), tmp_path / "b.parquet")
    assert _check("texts", tmp_path) == ["text", "label"]
    pq.write_table(pa.table({"text": ["x"], "label": [1]}), tmp_path / "c.parquet")
    assert _check("texts", tmp_path) == ["text", "label"]
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "d.parquet")
    with pytest.raises(InputError, match=r"d.parquet` lacks column `label`"):
        _check("texts", tmp_path)


def test_a_column_that_only_some_files_have(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("product_id,title,price\n1,x,1\n")
    (tmp_path / "b.csv").write_text("product_id,title\n1,x\n")
    assert _check("products", tmp_path) == ["product_id", "title", "price"]
    options = TableOptions(numeric_columns=("age",))
    with pytest.raises(InputError, match=r"` lacks column `age` \(which the configuration asks for\)"):
        _check("products", tmp_path, options)
    (tmp_path / "c.csv").write_text("product_id,title,age\n1,x,3\n")
    assert _check("products", tmp_path, options) == ["product_id", "title", "price", "age"]


def test_files_in_two_orders(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,product_id,event_type,position\nu,p,view,1\n")
    assert "position" in _check("events", tmp_path)
    (tmp_path / "b.csv").write_text("user_id,product_id,event_type,timestamp\nu,p,view,2024-01-01\n")
    with pytest.raises(InputError, match=r"a.csv` lacks column `timestamp`, which orders the rows of other files"):
        _check("events", tmp_path)


def test_a_type_that_cannot_be_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [{"a": 1}], "label": ["y"]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"column `text` of .* is struct<a: int64>; expected string"):
        _check("texts", tmp_path / "t.parquet")


@pytest.mark.parametrize(("name", "content"), [("t.csv", b""), ("t.jsonl", b"\n\n"), ("t.csv", b"\xef\xbb\xbf")])
def test_an_empty_file(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="Table `texts` is empty"):
        _check("texts", tmp_path / name)


def test_a_header_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("text,label,größe\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"not UTF-8 text: byte 0xf6 at or after line 1"):
        _check("texts", tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["t.parquet", "t.csv.gz"])
def test_a_damaged_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is something else")
    with pytest.raises(InputError, match=f"{name}` cannot be read as"):
        _check("texts", tmp_path / name)


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("events.csv", "", "events.csv"),
        ("/shop/events.csv", "gs://bucket/day", "/shop/events.csv"),
        ("events-*.csv", "gs://bucket/day", "gs://bucket/day/events-*.csv"),
        ("events.csv", "gs://bucket/day/", "gs://bucket/day/events.csv"),
        ("s3://other/events.csv", "gs://bucket/day", "s3://other/events.csv"),
    ],
)
def test_a_relative_path_is_taken_from_the_data(path: str, data: str, expected: str) -> None:
    assert table_path(path, data) == expected
