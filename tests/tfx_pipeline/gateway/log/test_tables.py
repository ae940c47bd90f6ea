"""A run reads each table of the log as it stands, without a row that it refuses."""

from pathlib import Path

import pytest

from components.tables.contract import TableOptions
from tests.components.tables.table_runs import run_table
from tfx_pipeline.gateway.log.parquet_log import ParquetLog
from tfx_pipeline.gateway.log.rows import Outcomes, event_row, impression_rows
from tfx_pipeline.gateway.store.records import Kind, Record

EVENT = Record("events", "u", 100.5, "e1", "牛奶", "view", "r1", {"query": "tea", "price": 2.5})


@pytest.mark.parametrize(
    ("kind", "table", "folder", "subject"),
    [
        ("events", "events", "events", "product_id"),
        ("impressions", "impressions", "impressions", "product_id"),
        ("offers", "impressions", "offer_impressions", "offer_id"),
    ],
)
def test_a_run_reads_it(tmp_path: Path, kind: Kind, table: str, folder: str, subject: str) -> None:
    log = ParquetLog(tmp_path / "log", ["redeemed"])
    shown = Record(
        kind, "u", 100.0, "i", "here", "m", "r1", {"placement": "here", "version": 3, "shown": ["牛奶", "b"]}
    )
    said = Record("outcomes", "u", 101.0, "s", "b", "redeemed", "r1")
    outcomes = Outcomes([EVENT], [said], "purchase", 60.0)
    rows = [event_row(EVENT)] if kind == "events" else impression_rows(shown, outcomes, log.outcomes)
    log.write(folder, rows, kind=kind, store="s", sequence="1", at=1e9)
    options = TableOptions(outcome_columns=() if kind == "events" else ("clicked", "redeemed"))
    read = run_table(tmp_path / "run", table, tmp_path / "log" / folder, options)
    assert read.refused() == []
    found = sorted(read.rows(), key=lambda row: row.get("position") or 0.0)
    assert [row[subject] for row in found] == (["牛奶"] if kind == "events" else ["牛奶", "b"])
    if kind == "events":
        assert (found[0]["timestamp"], found[0]["query"], found[0]["price"]) == (100, "tea", 2.5)
        return
    # An offer has no events of its own.
    assert [bool(row["clicked"]) for row in found] == [kind == "impressions", True]
    assert [bool(row["redeemed"]) for row in found] == [False, True]
    assert [row["responded_at"] for row in found] == [100 if kind == "impressions" else None, 101]
