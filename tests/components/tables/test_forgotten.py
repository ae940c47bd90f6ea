"""Rows of forgotten users are left out of every table that has users, and of the quarantine."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from components.tables.shaping.forgotten import ForgottenUsers
from tests.components.tables.table_runs import run_table
from tfx_pipeline.shop.forgotten_list import ForgottenList

FORGOTTEN, OTHER = "Łukasz 7", "12"


def listed(folder: Path, *users: str) -> ForgottenList:
    """A list of some users."""
    made = ForgottenList.under(folder)
    made.add(users)
    return made


def test_the_list_names_nobody_and_grows_once_a_user(tmp_path: Path) -> None:
    made = listed(tmp_path, FORGOTTEN)
    before = made.reference()
    assert made.add([FORGOTTEN, f" {FORGOTTEN} "]) == 0
    assert made.reference() == before
    assert made.add(["x", FORGOTTEN]) == 1
    assert made.reference() != before
    assert FORGOTTEN not in made.file.read_text()
    assert made.file.stat().st_mode & 0o077 == 0
    users = ForgottenUsers.read(made.reference())
    assert [name in users for name in (FORGOTTEN, "x", OTHER, "")] == [True, True, False, False]
    assert ForgottenList.under(tmp_path / "other").reference() == ""


def test_their_rows_are_set_aside_good_or_bad(tmp_path: Path) -> None:
    def event(user: str | None, product: str | None) -> dict[str, object]:
        return {"user_id": user, "product_id": product, "event_type": "view", "timestamp": 1_700_000_000}

    rows = [event(FORGOTTEN, "a"), event(OTHER, "a"), event(FORGOTTEN, None), event(None, "a"), event(OTHER, None)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "events.parquet")
    run = run_table(tmp_path, "events", tmp_path / "events.parquet", forgotten=listed(tmp_path, FORGOTTEN).reference())
    assert [row["user_id"] for row in run.rows()] == [OTHER]
    counts = run.counts()
    assert (counts["rows"], counts["good"], counts["set_aside"]) == (5, 1, {"forgotten": 2})
    assert sum(counts["bad"].values()) == len(run.refused()) == 2


def test_numbers_are_ids_as_they_are_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"user_id": [12, 13], "segment": ["a", "b"]}), tmp_path / "users.parquet")
    run = run_table(tmp_path, "users", tmp_path / "users.parquet", forgotten=listed(tmp_path, OTHER).reference())
    assert [row["user_id"] for row in run.rows()] == ["13"]


def test_a_line_that_cannot_be_read_is_left_out_too(tmp_path: Path) -> None:
    lines = [{"user_id": "12", "segment": "a"}, {"user_id": "13", "segment": "b"}]
    (tmp_path / "users.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = run_table(tmp_path, "users", tmp_path / "users.jsonl", forgotten=listed(tmp_path, OTHER).reference())
    assert [row["user_id"] for row in run.rows()] == ["13"]
    assert run.counts()["set_aside"] == {"forgotten": 1}
