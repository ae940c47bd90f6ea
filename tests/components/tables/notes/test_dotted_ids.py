"""Ids that became floats are said, with examples that do not grow with the table."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from components.tables.notes.counted_examples import keep_examples
from components.tables.notes.dotted_ids import count_dotted_ids, note_dotted_ids
from tests.components.tables.table_runs import run_table


def _batch(ids: list[str]) -> pa.RecordBatch:
    lists = pa.array([[each.encode()] for each in ids], pa.large_list(pa.large_binary()))
    return pa.RecordBatch.from_arrays([lists, lists], names=["product_id", "title"])


def test_whole_numbers_with_a_fraction_of_zero_are_counted() -> None:
    counts = count_dotted_ids(_batch(["7.0", "7", "7.5", "v7.0", "7.0", "8.0", "8.00", ".0", "7.0\n"]))
    (note,) = note_dotted_ids(counts, plain_user_ids=False)
    assert note.startswith("Column `product_id` has 3 ids that end in `.0`, such as `7.0`, `8.0`: ")


def test_sums_keep_the_smallest_three_examples_however_they_are_added() -> None:
    batches = [count_dotted_ids(_batch([f"{number}.0" for number in range(first, 90, 10)])) for first in range(10)]
    one_by_one: Counter[str] = Counter()
    for batch in batches:
        one_by_one = keep_examples(one_by_one + batch)
    together = keep_examples(sum(batches, Counter()))
    assert len(one_by_one) == len(together) == 4
    for counts in (one_by_one, together):
        (note,) = note_dotted_ids(counts, plain_user_ids=False)
        assert "has 90 ids that end in `.0`, such as `0.0`, `1.0`, `10.0`" in note


@pytest.mark.parametrize("key", ["", "a secret"])
def test_a_table_with_floats_among_its_ids_says_so(tmp_path: Path, key: str) -> None:
    rows = "10001.0,p,view,1\n10001,p,view,2\n10002.0,p,view,3\n"
    (tmp_path / "e.csv").write_text("user_id,product_id,event_type,position\n" + rows)
    run = run_table(tmp_path, "events", tmp_path / "e.csv", user_id_key=key)
    assert {row["user_id"] for row in run.rows()} == {"10001.0", "10001", "10002.0"}
    (note,) = run.counts()["notes"]
    assert "Column `user_id` has 2 ids that end in `.0`" in note
    assert ("`10001.0`, `10002.0`" in note) == (not key)
