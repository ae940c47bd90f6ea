"""Text files as shops write them: separators, encodings and archives are found, or named for what they are."""

from pathlib import Path

import pytest

from components.errors import InputError
from components.tables.files.dialect import found_separator
from components.tables.files.file_columns import file_columns, listed
from components.tables.files.finding import find_table_files
from components.tables.reading.reader import read_batches
from components.tables.sources import FileForm
from tests.components.tables.files.tables_on_disk import gzipped, raw_columns, zipped

TEXTS = raw_columns("texts")
ROWS = [{"text": "Käse, alt; 1|2", "label": "gut"}, {"text": "茶", "label": "Tee\n2"}]


def _rows(path: Path | str, **form: str) -> list[dict[str, object]]:
    files = find_table_files("texts", FileForm(path=str(path), **form))
    for file in files:
        assert file_columns("texts", file) is not None
    return [row for batch in read_batches("texts", files, TEXTS) for row in batch.batch.to_pylist()]


def _csv(separator: str) -> str:
    rows = [("other", "label", "text"), ("0", "gut", '"Käse, alt; 1|2"'), ("0", '"Tee\n2"', "茶")]
    return "".join(separator.join(row) + "\r\n" for row in rows)


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("a,b,c", ","),
        ("a;b;c", ";"),
        ("a\tb", "\t"),
        ("a|b|c", "|"),
        ("alone", ","),
        ("a,b;c", ","),
        ('"a,b,c";d;e', ";"),
        ('"x ""y,,,,"" z";b', ";"),
    ],
)
def test_the_header_says_the_separator(header: str, separator: str) -> None:
    assert found_separator(header) == separator


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_any_separator_in_any_encoding(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(_csv(separator).encode(encoding))
    assert _rows(path, **({"encoding": encoding} if encoding == "gb18030" else {})) == ROWS


def test_a_separator_that_is_told_and_western_text(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes("text^label\nKäse, alt; 1€^gut\n".encode("windows-1252"))
    assert _rows(path, separator="^", encoding="windows-1252") == [{"text": "Käse, alt; 1€", "label": "gut"}]


def test_tsv_has_tabs_whatever_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("text\tlabel\ta,b,c,d\nx,y\tz\t1\n")
    assert _rows(path) == [{"text": "x,y", "label": "z"}]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_line_that_excel_writes_first(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{mark}sep=;\r\ntext;label,2;label\r\na;b;c\r\nd;e\r\n", newline="")
    (file,) = find_table_files("texts", FileForm(path=str(path)))
    (batch,) = read_batches("texts", [file], TEXTS)
    assert batch.batch.to_pylist() == [{"text": "a", "label": "c"}]
    assert batch.places.to_pylist() == [3]
    assert [row.place for row in batch.broken] == [4]
    assert batch.broken[0].row == {"line": "d;e"}


def test_columns_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",text,label,,\n0,a,b,,\n1,c,d,x,\n2,e,f\n3,g,h,,,,\n4,i,j,,,1\n5,k\n")
    (file,) = find_table_files("texts", FileForm(path=str(path)))
    (batch,) = read_batches("texts", [file], TEXTS)
    assert batch.batch.column("text").to_pylist() == ["a", "c", "e", "g"]
    assert [row.place for row in batch.broken] == [6, 7]
    found = file_columns("texts", file)
    assert found is not None
    assert listed(found.types, found.nameless) == (
        "`text`, `label`, column 1 (without a name), column 4 (without a name), column 5 (without a name)"
    )


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_archives_of_one_file(tmp_path: Path, name: str) -> None:
    json = '{"text": "Käse, alt; 1|2", "label": "gut"}\n{"text": "茶", "label": "Tee\\n2"}\n'
    content = (_csv(";") if name == "t.csv" else json).encode("utf-16")
    gzipped(tmp_path / f"{name}.gz", content)
    zipped(tmp_path / f"{name}.zip", {name: content})
    zipped(tmp_path / "t.zip", {f"export/{name}": content, "__MACOSX/x": b""})
    for archive in (f"{name}.gz", f"{name}.zip", "t.zip"):
        # JSON has a column for each that a table may have.
        rows = [{name: value for name, value in row.items() if value is not None} for row in _rows(tmp_path / archive)]
        assert rows == ROWS


def test_an_archive_of_several_files_or_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"of one file, but holds `a\.csv`, `b\.csv`\. Unpack it"):
        _rows(zipped(tmp_path / "two.csv.zip", {"a.csv": b"x", "b.csv": b"x"}))
    with pytest.raises(InputError, match="holds nothing"):
        _rows(zipped(tmp_path / "none.zip", {}))
    with pytest.raises(InputError, match=r"holds a \.parquet file. Unpack it"):
        _rows(zipped(tmp_path / "p.zip", {"p.parquet": b"PAR1"}))
    (tmp_path / "bad.zip").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="cannot be read as a zip archive"):
        _rows(tmp_path / "bad.zip")


def test_a_damaged_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.csv.zip", {"t.csv": b"text,label\n" + b"a,b\n" * 10})
    content = bytearray(path.read_bytes())
    content[45] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"t\.csv\.zip` cannot be read"):
        _rows(path)


@pytest.mark.parametrize(
    ("head", "kind", "advice"),
    [
        (b"\x1f\x8b\x08\x00", r"a gzip archive \(1f 8b\)", r"\.csv\.gz"),
        (b"PK\x03\x04\x14\x00", r"a zip archive or an Excel workbook", r"\.zip` or `\.xlsx"),
        (b"PAR1\x15\x04", "a Parquet file", r"\.parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "a workbook of an old Excel", r"\.xlsx"),
        (b"\x28\xb5\x2f\xfd\x04", "a zstd archive", "unpack it"),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_file_that_is_no_text_is_named_for_what_it_is(
    tmp_path: Path, name: str, head: bytes, kind: str, advice: str
) -> None:
    (tmp_path / name).write_bytes(head + b"text,label\na,b\n")
    with pytest.raises(InputError, match=f"begins as {kind}.*: .*{advice}") as raised:
        _rows(tmp_path / name)
    assert "iconv" not in str(raised.value)


def test_utf16_without_a_mark_is_named_and_read_when_told(tmp_path: Path) -> None:
    for name in ("utf-16-le", "utf-16-be"):
        path = tmp_path / f"{name}.csv"
        path.write_bytes("text,label\na,茶\n".encode(name))
        with pytest.raises(InputError, match=f"Say `encoding: {name}`"):
            _rows(path)
        assert _rows(path, encoding=name) == [{"text": "a", "label": "茶"}]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_text_in_another_encoding_than_it_should_be(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"text,label\nab,c\n\xff,d\n" if name == "t.csv" else b'{"text": "a"}\n{"text": "\xff"}\n')
    with pytest.raises(InputError, match=r"not text in `gb18030`: byte 0xff at or after line 1"):
        _rows(path, encoding="gb18030")


def test_a_message_that_names_encodings(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("text,label\n绿茶,好\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"not UTF-8 text: byte 0x.*`encoding: gb18030`.*`shelfwise init`") as raised:
        _rows(path)
    assert "iconv" not in str(raised.value)


@pytest.mark.parametrize(("encoding", "family"), [("utf-16", "utf-16"), ("UTF_32", "utf-32")])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_an_encoding_that_needs_a_mark_and_has_none(tmp_path: Path, name: str, encoding: str, family: str) -> None:
    path = tmp_path / name
    path.write_bytes("Größe,é\n1,2\n".encode(f"{family}-le") * 8)
    (file,) = find_table_files("texts", FileForm(path=str(path), encoding=encoding))
    advice = f"Say which byte comes first, with `encoding: {family}-le` or `encoding: {family}-be`"
    for read in (file_columns, lambda table, file: list(read_batches(table, [file], TEXTS))):
        with pytest.raises(InputError, match=advice):
            read("texts", file)
