"""CSV and JSON Lines files, row by row."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.tables.files import csv_reader, json_lines_reader
from components.tables.files.csv_reader import read_csv
from components.tables.files.json_lines_reader import read_json_lines
from components.tables.files.parquet_reader import read_parquet
from components.tables.files.table_file import Compression, TableFile
from components.tables.reading.source_batch import SourceBatch
from tests.components.tables.files.tables_on_disk import raw_columns

TEXTS = raw_columns("texts")
PRODUCTS = raw_columns("products")


def _csv(path: Path, content: bytes) -> list[SourceBatch]:
    path.write_bytes(content)
    compression: Compression = "gzip" if path.suffix == ".gz" else "none"
    file = TableFile(path=str(path), index=0, format="csv", compression=compression)
    return list(read_csv("texts", file, TEXTS))


def _lines(path: Path, content: bytes) -> SourceBatch:
    path.write_bytes(content)
    (batch,) = read_json_lines("products", TableFile(path=str(path), index=0, format="json_lines"), PRODUCTS)
    return batch


def test_csv_with_quotes_line_breaks_and_other_columns(tmp_path: Path) -> None:
    content = 'label,other,text\r\n007,x,"a ""b"", c\nd"\r\n\r\n中文,,5" wide\r\n'.encode()
    for name, data in (("t.csv", content), ("t.csv.gz", gzip.compress(content))):
        (batch,) = _csv(tmp_path / name, data)
        assert batch.batch.to_pylist() == [
            {"label": "007", "text": 'a "b", c\nd'},
            {"label": "中文", "text": '5" wide'},
        ]
        assert batch.places.to_pylist() == [2, 5]
        assert batch.broken == ()


def test_csv_rows_with_other_numbers_of_fields(tmp_path: Path) -> None:
    (batch,) = _csv(tmp_path / "t.csv", b"text,label\na,b\nc\nd,e,f\ng,h\n")
    assert batch.batch.num_rows == 2
    assert [(row.place, row.reason, row.detail) for row in batch.broken] == [
        (3, "wrong_number_of_fields", "expected 2 fields, got 1"),
        (4, "wrong_number_of_fields", "expected 2 fields, got 3"),
    ]


@pytest.mark.parametrize(
    ("rows", "line"),
    [(b'a,b\nc,"d\n', 3), (b'a,b\n"c"d,e\n', 3), (b'a,b\nc,"d\ne,f\n"g",h\n', 3), (b'"a\nb",c\n"d,e\nf,g\n', 4)],
)
def test_csv_with_broken_quoting(tmp_path: Path, rows: bytes, line: int) -> None:
    with pytest.raises(InputError, match=f"broken quoting in the row that begins on line {line} "):
        _csv(tmp_path / "t.csv", b"text,label\n" + rows)


def test_csv_that_is_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv` is not UTF-8 text: byte 0xe9 at or after line"):
        _csv(tmp_path / "t.csv", b"text,label\ncaf\xe9,b\n")


def test_csv_of_a_damaged_archive(tmp_path: Path) -> None:
    data = gzip.compress(b"text,label\n" + b"a,b\n" * 100_000)
    with pytest.raises(InputError, match=r"t\.csv\.gz` cannot be read"):
        _csv(tmp_path / "t.csv.gz", data[: len(data) // 2])


def test_csv_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "ROWS_PER_BATCH", 2)
    batches = _csv(tmp_path / "t.csv", b"text,label\na,1\nb\nc,3\nd,4\ne,5\n")
    assert [batch.batch.num_rows + len(batch.broken) for batch in batches] == [2, 2, 1]
    assert [place for batch in batches for place in batch.places.to_pylist()] == [2, 4, 5, 6]


def test_json_lines_with_broken_lines(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"product_id": "1"}\n\nnot json\n[1]\n{"product_id": "caf\xe9"}\n' + b"[" * 100_000 + b"\n"
    batch = _lines(tmp_path / "p.jsonl", content)
    assert batch.batch.column("product_id").to_pylist() == ["1"]
    found = [(row.place, row.reason) for row in batch.broken]
    assert found == [(3, "broken_json"), (4, "broken_json"), (5, "not_utf8"), (6, "broken_json")]


def test_json_values_of_mixed_types(tmp_path: Path) -> None:
    lines = ['{"product_id": "007", "price": 1}', '{"product_id": 8, "price": "2.5"}', '{"product_id": 9.0}']
    lines += ['{"product_id": true, "in_stock": 1}', '{"product_id": {"a": 1}}', '{"product_id": "\\ud800"}']
    batch = _lines(tmp_path / "p.jsonl", "\n".join(lines).encode())
    ids = batch.batch.column("product_id").to_pylist()
    assert ids == [b"007", b"8", b"9", b"true", b"\xed\xa0\x80"]
    assert batch.batch.column("price").to_pylist() == ["1", "2.5", None, None, None]
    assert [(row.place, row.reason) for row in batch.broken] == [(5, "product_id_not_a_string")]
    assert batch.places.to_pylist() == [1, 2, 3, 4, 6]


def test_json_values_of_one_type_keep_it(tmp_path: Path) -> None:
    batch = _lines(
        tmp_path / "p.jsonl", b'{"price": 1, "image_embedding": [1, 2.5]}\n{"price": 2.5, "in_stock": true}\n'
    )
    assert batch.batch.select(["price", "in_stock", "image_embedding"]).to_pylist() == [
        {"price": 1.0, "in_stock": None, "image_embedding": [1.0, 2.5]},
        {"price": 2.5, "in_stock": True, "image_embedding": None},
    ]


def test_json_lines_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines_reader, "ROWS_PER_BATCH", 2)
    path = tmp_path / "p.jsonl"
    path.write_text('{"product_id": "a"}\nx\n{"product_id": "b"}\n')
    batches = list(read_json_lines("products", TableFile(path=str(path), index=0, format="json_lines"), PRODUCTS))
    assert [batch.batch.num_rows + len(batch.broken) for batch in batches] == [2, 1]


def test_a_line_that_holds_far_more_than_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    line = json.dumps({"product_id": "a", "title": ["no text"], "other": list(range(2_000))}) + "\n"
    path.write_text(line.replace('["no text"]', '"t"') * 2_000 + line)
    file = TableFile(path=str(path), index=0, format="json_lines")
    tracemalloc.start()
    (batch,) = read_json_lines("products", file, PRODUCTS)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert batch.batch.num_rows == 2_000
    # As parsed objects the lines would take some 16,000 bytes each.
    assert peak_bytes < 8_000_000
    (broken,) = batch.broken
    assert (broken.place, broken.reason, len(broken.row["other"])) == (2_001, "title_not_a_string", 2_000)


def test_a_corrupt_page_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"product_id": [f"p{number}" for number in range(5_000)]}), path, compression="snappy")
    data = bytearray(path.read_bytes())
    data[300:900] = b"\xff" * 600
    path.write_bytes(data)
    file = TableFile(path=str(path), index=0, format="parquet")
    with pytest.raises(InputError, match=r"Table `products`: `.*p\.parquet` is damaged at or after row 1: "):
        list(read_parquet("products", file, PRODUCTS))
