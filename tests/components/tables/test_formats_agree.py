"""The same values as text, as JSON and as typed columns are the same rows, whatever stands beside them."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.tables.contract import TableOptions
from tests.components.tables.table_runs import run_table

OPTIONS = TableOptions(numeric_columns=("weight",), categorical_columns=("year", "fresh", "size"))
# Each column with its values in one type, a missing one among them.
COLUMNS: dict[str, list[Any]] = {
    "product_id": [10001, 10002, 10003, 2**53 + 1],
    "title": ["a", "b", "c", "True"],
    "price": [1.5, 2.0, None, 1e3],
    "rating": [4, 5, None, 3],
    "in_stock": [True, False, None, True],
    "weight": [1, 2, None, 3],
    "year": [2020, 2021, None, 2022],
    "fresh": [True, False, None, True],
    "size": [1.5, 2.0, None, 0.25],
}
EXPECTED = [
    ("10001", "a", 1.5, 4.0, 1, 1.0, "2020", "true", "1.5"),
    ("10002", "b", 2.0, 5.0, 0, 2.0, "2021", "false", "2"),
    ("10003", "c", None, None, None, None, None, None, None),
    ("9007199254740993", "True", 1e3, 3.0, 1, 3.0, "2022", "true", "0.25"),
]


def _lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _rows(folder: Path, path: Path) -> list[tuple[Any, ...]]:
    run = run_table(folder / f"run {path.name}", "products", path, OPTIONS)
    assert run.counts()["bad"] == {}
    return sorted(tuple(row[name] for name in COLUMNS) for row in run.rows())


def _typed(folder: Path) -> Path:
    pq.write_table(pa.table(COLUMNS), folder / "p.parquet")
    return folder / "p.parquet"


def _floats(folder: Path) -> Path:
    """As pandas reads a CSV: integers and booleans that met a missing value become floats and objects."""
    frame = pd.DataFrame(COLUMNS)
    assert frame["year"].dtype == "float64"
    frame.to_parquet(folder / "p.parquet")
    return folder / "p.parquet"


def _floats_as_text(folder: Path) -> Path:
    """As pandas writes that: years as 2020.0, booleans as True."""
    pd.DataFrame(COLUMNS).to_csv(folder / "p.csv", index=False)
    assert "2020.0,True" in (folder / "p.csv").read_text()
    return folder / "p.csv"


def _spreadsheet(folder: Path) -> Path:
    """As Excel writes CSV: booleans as TRUE."""
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in COLUMNS.items()})
    for name in ("in_stock", "fresh"):
        frame[name] = frame[name].map({True: "TRUE", False: "FALSE"})
    frame.to_csv(folder / "p.csv", index=False)
    return folder / "p.csv"


def _json(folder: Path) -> Path:
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*COLUMNS.values(), strict=True)]
    return _lines(folder / "p.jsonl", rows)


def _mixed_json(folder: Path) -> Path:
    """Each value in a type of its own: as it is, as text, or as a float."""
    rows = []
    for place, values in enumerate(zip(*COLUMNS.values(), strict=True)):
        row = dict(zip(COLUMNS, values, strict=True))
        for name, value in row.items():
            if place % 2 and type(value) in (int, float):
                row[name] = str(value)
            elif type(value) is int and value < 2**53:
                row[name] = float(value)
        rows.append(row)
    return _lines(folder / "p.jsonl", rows)


def _files_of_many_types(folder: Path) -> Path:
    """A file for each row, each with the types that its own values have; older ones lack a column."""
    (folder / "p").mkdir()
    for place in range(4):
        columns = {name: pa.array([values[place]]) for name, values in COLUMNS.items() if values[place] is not None}
        if place % 2:
            columns = {name: array.cast(pa.string()) for name, array in columns.items()}
        pq.write_table(pa.table(columns), folder / "p" / f"{place}.parquet")
    return folder / "p"


@pytest.mark.parametrize(
    "write", [_typed, _floats, _floats_as_text, _spreadsheet, _json, _mixed_json, _files_of_many_types]
)
def test_one_kind_in_every_format(tmp_path: Path, write: Any) -> None:
    assert _rows(tmp_path, write(tmp_path)) == EXPECTED


def test_what_does_not_fit_is_refused_in_each_format(tmp_path: Path) -> None:
    rows = [
        {"product_id": "a", "title": "t", "price": True, "rating": 1.0},
        {"product_id": "b", "title": "t", "price": 1.0, "rating": True},
        {"product_id": "c", "title": "t", "image_embedding": [True]},
        {"product_id": 1e300, "title": "t"},
        {"product_id": {"a": 1}, "title": "t"},
        {"product_id": math.inf, "title": "t"},
        {"product_id": "d", "title": "t", "price": 10**400},
    ]
    for place, row in enumerate(rows):  # Alone, each is refused as it is beside the others.
        with pytest.raises(InputError, match="none of its 1 rows is usable"):
            run_table(tmp_path / f"{place}", "products", _lines(tmp_path / f"{place}.jsonl", [row]))
    good = {"product_id": "x", "title": "t"}
    run = run_table(tmp_path / "run", "products", _lines(tmp_path / "p.jsonl", [*rows, good]))
    assert [row["product_id"] for row in run.rows()] == ["x"]
    assert run.counts()["bad"] == {
        "price_not_a_number": 1,
        "rating_not_a_number": 1,
        "image_embedding_not_a_vector": 1,
        "product_id_not_a_string": 3,
        "price_not_finite": 1,
    }


def test_times_are_the_same_in_each_type(tmp_path: Path) -> None:
    moments = [datetime(2024, 1, 1, 10, tzinfo=UTC), datetime(2024, 7, 1, 23, 59, 59, tzinfo=UTC)]
    seconds = [int(moment.timestamp()) for moment in moments]
    ids = pa.array(["a", "b"])
    columns = [
        pa.array(moments, pa.timestamp("us", "Asia/Tokyo")),
        pa.array([moment.replace(tzinfo=None) for moment in moments], pa.timestamp("ms")),
        pa.array(seconds),
        pa.array(seconds, pa.float64()),
        pa.array([moment.isoformat() for moment in moments]),
        pa.array([str(second) for second in seconds]),
    ]
    (tmp_path / "e").mkdir()
    for place, times in enumerate(columns):
        table = pa.table({"user_id": ids, "product_id": ids, "event_type": ids, "timestamp": times})
        pq.write_table(table, tmp_path / "e" / f"{place}.parquet")
    pq.write_table(
        table.set_column(3, "timestamp", columns[1]),
        tmp_path / "e" / "old.parquet",
        use_deprecated_int96_timestamps=True,
    )
    run = run_table(tmp_path / "run", "events", tmp_path / "e")
    assert sorted(row["timestamp"] for row in run.rows()) == sorted(seconds * 7)
