"""One table in every format, dialect, encoding and packing gives the same examples."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.tables.contract import TABLES, TableOptions
from components.tables.reading.plain_columns import plain_columns
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import read_table
from components.tables.sources import TableSource
from components.tables.validation import check_rows
from tests.components.tables.files.tables_on_disk import gzipped, workbook, zipped
from tests.components.tables.table_runs import run_table

HEADER = ("product_id", "title", "category", "price", "in_stock")
# What windows-1252 and gb18030 both have.
ROWS = [
    ("007", 'Tea, "green"; 5|g\tà la carte', "Tea > é", 2.5, True),
    ("a b", "line\nbreak", None, 1234.75, False),
    ("8", "plain", "Tea", None, None),
]


def _csv(separator: str = ",", decimal: str = ".") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(HEADER)
    for row in ROWS:
        writer.writerow([_cell(value, decimal) for value in row])
    return text.getvalue()


def _cell(value: Any, decimal: str) -> Any:
    return str(value).replace(".", decimal) if isinstance(value, float) else value


def _dicts() -> list[dict[str, Any]]:
    return [dict(zip(HEADER, row, strict=True)) for row in ROWS]


def _json_lines() -> str:
    return "".join(json.dumps(row) + "\n" for row in _dicts())


def _text(name: str, content: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content.encode(encoding))
        return folder / name

    return write


def _parquet(folder: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(_dicts()), folder / "p.parquet", row_group_size=2)
    return folder / "p.parquet"


def _folder(folder: Path) -> Path:
    (folder / "p").mkdir()
    head, *lines = _csv().split("\r\n", 1)
    first, second = lines[0].split("\r\n", 1)
    (folder / "p" / "part-0.csv").write_bytes(f"{head}\r\n{first}\r\n".encode())
    (folder / "p" / "part-1.csv").write_bytes(f"{head}\r\n{second}".encode())
    (folder / "p" / "_SUCCESS").touch()
    return folder / "p"


def _hive(folder: Path) -> Path:
    for row in _dicts():
        value = {True: "true", False: "false", None: "__HIVE_DEFAULT_PARTITION__"}[row.pop("in_stock")]
        part = folder / "p" / f"in_stock={value}"
        part.mkdir(parents=True)
        schema = pa.schema(
            [("product_id", pa.string()), ("title", pa.string()), ("category", pa.string()), ("price", pa.float64())]
        )
        pq.write_table(pa.Table.from_pylist([row], schema), part / "x.parquet")
    return folder / "p"


FORMS: dict[str, tuple[Callable[[Path], Path], dict[str, Any]]] = {
    "commas": (_text("p.csv", _csv()), {}),
    "semicolons": (_text("p.csv", _csv(";")), {}),
    "tabs": (_text("p.tsv", _csv("\t")), {}),
    "bars": (_text("p.txt", _csv("|")), {}),
    "decimal_commas": (_text("p.csv", _csv(";", ",")), {"decimal": ","}),
    "decimal_commas_in_quotes": (_text("p.csv", _csv(",", ",")), {"decimal": ","}),
    "carets": (_text("p.csv", _csv("^")), {"separator": "^"}),
    "sep_line": (_text("p.csv", "sep=;\r\n" + _csv(";")), {}),
    "nameless_columns": (_text("p.csv", _csv().replace("in_stock\r\n", "in_stock,,\r\n")), {}),
    "mark": (_text("p.csv", _csv(), "utf-8-sig"), {}),
    "utf16": (_text("p.csv", _csv(), "utf-16"), {}),
    "utf16_without_mark": (_text("p.csv", _csv(), "utf-16-be"), {"encoding": "utf-16-be"}),
    "gb18030": (_text("p.csv", _csv(), "gb18030"), {"encoding": "gb18030"}),
    "windows": (_text("p.csv", _csv(";"), "windows-1252"), {"encoding": "windows-1252"}),
    "gzip": (lambda folder: gzipped(folder / "p.csv.gz", _csv().encode()), {}),
    "zip": (lambda folder: zipped(folder / "p.zip", {"p.csv": _csv(";").encode("utf-16")}), {}),
    "json": (_text("p.jsonl", _json_lines()), {}),
    "json_utf16": (_text("p.ndjson", _json_lines(), "utf-16"), {}),
    "json_zip": (lambda folder: zipped(folder / "p.jsonl.zip", {"p.jsonl": _json_lines().encode()}), {}),
    "parquet": (_parquet, {}),
    "excel": (lambda folder: workbook(folder / "p.xlsx", [], [list(HEADER), *map(list, ROWS)]), {}),
    "folder": (_folder, {}),
    "hive": (_hive, {}),
}  # fmt: skip


EXPECTED = sorted(
    (row | {"in_stock": None if row["in_stock"] is None else int(row["in_stock"])} for row in _dicts()),
    key=lambda row: row["product_id"],
)


def _decoded(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(({name: row[name] for name in HEADER} for row in rows), key=lambda row: row["product_id"])


@pytest.mark.parametrize("form", FORMS)
def test_the_form_makes_no_difference(tmp_path: Path, form: str) -> None:
    write, said = FORMS[form]
    contract, options = TABLES["products"], TableOptions()
    plan = plan_table(contract, options, [TableSource(path=str(write(tmp_path)), **said)])
    rows = []
    for source in read_table(plan):
        checked = check_rows(contract, options, source.batch, time.time(), source.form)
        assert checked.reasons == []
        assert source.broken == ()
        rows += plain_columns(checked.good.select(list(HEADER))).to_pylist()
    assert _rows({name: _decoded(value) for name, value in row.items()} for row in rows) == EXPECTED


@pytest.mark.parametrize("form", ["zip", "excel", "hive"])
def test_the_form_makes_no_difference_to_the_artifact(tmp_path: Path, form: str) -> None:
    write, said = FORMS[form]
    run = run_table(tmp_path / "run", "products", [TableSource(path=str(write(tmp_path)), **said)])
    assert _rows(run.rows()) == EXPECTED
    assert run.counts()["bad"] == {}
