"""Files of tables, good and bad, in every form that tables are read in."""

import csv
import gzip
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from components.tables.contract import TABLES
from tests.components.tables.files.tables_on_disk import sheet_bytes
from tests.fuzz.damage import damaged

_TEXTS = (
    "", " ", "p1", "007", "9" * 400, "-1", "1e999", "1e-999", "0.5", "1,5", "nan", "inf", "-0", "true", "no", "null",
    "2026-01-02", "2026-01-02T03:04:05Z", "0001-01-01", "9999-12-31T23:59:60+99:99", "1767225600", "1e30",
    "99999999999999", '"', "a,b;c|d\te", "line\nbreak", "\x00", "\ufeff", "\ud800", "🫖", "<b>bold</b>",
    "&#x110000;", "<" * 50, "[1, 2]", "[1, null]", "{}", "=1+1",
)  # fmt: skip
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030", "windows-1252")
_VALUES: st.SearchStrategy[Any] = st.sampled_from(_TEXTS) | st.integers() | st.floats() | st.booleans() | st.none()
_ARROW_TYPES = (
    pa.string(), pa.large_string(), pa.binary(), pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(),
    pa.float64(), pa.bool_(), pa.null(), pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns"),
    pa.timestamp("us", "Europe/Berlin"), pa.time64("us"), pa.decimal128(38, 10), pa.list_(pa.float32()),
    pa.list_(pa.int64()), pa.list_(pa.string()), pa.struct([("a", pa.int64())]), pa.dictionary(pa.int8(), pa.string()),
)  # fmt: skip
_SHEET = "xl/worksheets/sheet1.xml"
# Depths that Python's own stack does not hold.
_NESTED = ("[" * 5_000, "[" * 500 + "]" * 500, '{"a":' * 900 + "1" + "}" * 900, "9" * 5_000, "1e400", "NaN")


@dataclass(frozen=True)
class HostileFile:
    """A file that may or may not hold a table.

    Attributes:
        table: The table that it is read as.
        name: Its name, with the ending of what it should be.
        content: Its bytes.
        said: What the configuration says of its form.
    """

    table: str
    name: str
    content: bytes = field(repr=False)
    said: dict[str, Any]


@st.composite
def hostile_files(draw: st.DrawFn) -> HostileFile:
    """Small files whose values, bytes or packing are wrong, or none of these."""
    table = draw(st.sampled_from(sorted(TABLES)))
    known = [column.name for column in TABLES[table].columns]
    header = draw(st.permutations(known)) if draw(st.booleans()) else known
    header = [*header, *draw(st.lists(st.sampled_from(["", "other", "user_id", " title", "a.b", "\x00"]), max_size=2))]
    rows = draw(st.lists(st.lists(_VALUES, min_size=len(header), max_size=len(header)), max_size=4))
    said: dict[str, Any] = {}
    match draw(st.sampled_from(["csv", "jsonl", "parquet", "xlsx"])):
        case "csv":
            name, content, said = draw(_csv(header, rows))
        case "jsonl":
            name, content, said = draw(_json_lines(header, rows))
        case "parquet":
            name, content = "t.parquet", draw(_parquet(header, len(rows)))
        case _:
            name, content = "t.xlsx", draw(_workbook(header, rows))
    content = draw(_sometimes_damaged(content))
    if name.endswith((".csv", ".jsonl")):
        name, content = draw(_packed(name, content))
    return HostileFile(table, name, content, said)


@st.composite
def _csv(draw: st.DrawFn, header: list[str], rows: list[list[Any]]) -> tuple[str, bytes, dict[str, Any]]:
    separator = draw(st.sampled_from([",", ";", "\t", "|", "^"]))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([header, *rows])
    said: dict[str, Any] = {"separator": separator} if draw(st.booleans()) else {}
    return "t.csv", *_encoded(draw, text.getvalue(), said)


@st.composite
def _json_lines(draw: st.DrawFn, header: list[str], rows: list[list[Any]]) -> tuple[str, bytes, dict[str, Any]]:
    lines = [json.dumps(dict(zip(header, row, strict=True))) for row in rows]
    for nested in draw(st.lists(st.sampled_from(_NESTED), max_size=2)):
        lines.append(f'{{"{draw(st.sampled_from(header))}": {nested}}}')
    return "t.jsonl", *_encoded(draw, "\n".join(lines), {})


def _encoded(draw: st.DrawFn, text: str, said: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    written = draw(st.just("utf-8") | st.sampled_from(_ENCODINGS))
    read = draw(st.sampled_from([None, written]) | st.sampled_from(_ENCODINGS))
    errors = "surrogatepass" if written.startswith("utf") else "replace"
    return text.encode(written, errors), said if read is None else {**said, "encoding": read}


@st.composite
def _parquet(draw: st.DrawFn, header: list[str], rows: int) -> bytes:
    columns = {}
    for name in dict.fromkeys(header):
        data_type = draw(st.sampled_from(_ARROW_TYPES))
        values = [draw(_VALUES) for _ in range(rows)]
        columns[name] = pa.array([_of_type(value, data_type) for value in values], data_type)
    content = io.BytesIO()
    compression = draw(st.sampled_from(["none", "snappy", "gzip", "zstd", "brotli"]))
    pq.write_table(
        pa.table(columns),
        content,
        compression=compression,
        row_group_size=draw(st.integers(1, 3)),
        use_dictionary=draw(st.booleans()),
        allow_truncated_timestamps=True,
        coerce_timestamps=draw(st.sampled_from([None, "ms", "us"])),
        data_page_version=draw(st.sampled_from(["1.0", "2.0"])),
    )
    return content.getvalue()


def _of_type(value: Any, data_type: pa.DataType) -> Any:
    """Returns the value if the type holds it, and None otherwise."""
    for each in (value, [value], str(value)):
        try:
            return pa.array([each], data_type)[0].as_py()
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
    return None


@st.composite
def _workbook(draw: st.DrawFn, header: list[str], rows: list[list[Any]]) -> bytes:
    cells = [list(map(_cell, row)) for row in [header, *rows]]
    whole = sheet_bytes(cells)
    if draw(st.booleans()):
        return whole
    # What is inside is damaged, and the archive is none the worse.
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    chosen = draw(st.sampled_from(sorted(members)))
    members[chosen] = draw(damaged(members[chosen], least=1))
    if draw(st.booleans()):
        number = draw(st.sampled_from([b"1048577", b"99999999999", b"0", b"-1", b"x"]))
        members[_SHEET] = members[_SHEET].replace(b'r="2"', b'r="' + number + b'"')
    return _zip(members)


def _cell(value: Any) -> Any:
    """Returns what a workbook can hold of a value: XML has no control characters."""
    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("", value).encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


def _zip(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return content.getvalue()


def _sometimes_damaged(content: bytes) -> st.SearchStrategy[bytes]:
    return st.just(content) | damaged(content, least=1)


@st.composite
def _packed(draw: st.DrawFn, name: str, content: bytes) -> tuple[str, bytes]:
    match draw(st.sampled_from(["as it is", "gzip", "zip"])):
        case "gzip":
            return f"{name}.gz", draw(_sometimes_damaged(gzip.compress(content, mtime=0)))
        case "zip":
            inside = draw(st.sampled_from([name, "../t.csv", "t", "a/t.csv", "t.parquet"]))
            members = {inside: content} | ({"b.csv": b""} if draw(st.integers(0, 9)) == 0 else {})
            return draw(st.sampled_from([f"{name}.zip", "t.zip"])), draw(_sometimes_damaged(_zip(members)))
        case _:
            return name, content
