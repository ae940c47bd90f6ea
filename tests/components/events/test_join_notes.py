"""Users of two tables: counted as sets of plain Python are, and told of in words."""

from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from components.events.buckets import EVENTS, split_by_user
from components.events.counts import EventCounts
from components.events.join_notes import note_products, note_users
from components.events.users_together import USERS, TablePaths, count_users
from components.tables.read_back import table_files, to_bytes
from tests.components.events.plain_histories import WEIRD_IDS
from tests.components.tables.plain_artifacts import table_artifact


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_users_are_counted_over_all_buckets(kind: pa.DataType) -> None:
    in_events = [*WEIRD_IDS, *WEIRD_IDS, b"a", b"b"]
    in_table = [*WEIRD_IDS[1:], b"b", b"c"]
    buckets = defaultdict(lambda: defaultdict(list))
    for name, ids in ((EVENTS, in_events), (USERS, in_table)):
        for bucket, stream in split_by_user(pa.table({"user_id": pa.array(ids, kind)}), 3):
            buckets[bucket][name].append(stream)
    total = sum((count_users((number, streams)) for number, streams in buckets.items()), EventCounts())
    both = set(in_events) & set(in_table)
    assert (total.users, total.users_in_table, total.users_in_both) == (
        len(set(in_events)),
        len(set(in_table)),
        len(both),
    )


def test_guests_are_no_users() -> None:
    ids = {EVENTS: [b"a", None, b"b", None], USERS: [b"b"]}
    streams = {name: [to_bytes(pa.table({"user_id": pa.array(own, pa.binary())}))] for name, own in ids.items()}
    assert count_users((0, streams)) == EventCounts(users=2, users_in_table=1, users_in_both=1)
    assert count_users((0, {EVENTS: streams[EVENTS]})) == EventCounts(users=2)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> TablePaths:
    folder: Path = tmp_path_factory.mktemp("tables")
    ids = {"users": ["10007", "10008", "10009", "10010"], "events": ["u10007.0", "u10008.0", "u10007.0"]}
    made = {name: [{"user_id": each, "product_id": f"00{each}"} for each in own] for name, own in ids.items()}
    made["products"] = [{"product_id": "7"}, {"product_id": "8"}]
    paths = {name: table_files(table_artifact(folder / name, rows, files=1)) for name, rows in made.items()}
    return TablePaths(events=paths["events"], products=paths["products"], users=paths["users"])


def counts(users: int, in_table: int, in_both: int) -> EventCounts:
    return EventCounts(users=users, users_in_table=in_table, users_in_both=in_both)


def test_tables_that_write_ids_differently_are_told_with_ids(tables: TablePaths) -> None:
    (shapes,) = note_users(counts(300, 400, 0), tables, plain_user_ids=False)
    assert shapes == (
        "Table `users`: 0 of its 400 users occur in `events`, so attributes and segments of users say nothing. Ids are "
        "like `99999` here, and like `a99999.9` in `events`: check that both tables write them alike. "
        "`plain_user_ids: true` shows whole ids."
    )
    (plain,) = note_users(counts(300, 400, 29), tables, plain_user_ids=True)
    assert "29 of its 400 users occur" in plain
    assert "Ids are `10007`, `10008`, `10009` here, and `u10007.0`, `u10008.0` in `events`" in plain


@pytest.mark.parametrize(
    ("found", "notes"),
    [
        (counts(4, 4, 4), []),
        (counts(300, 400, 300), ["100 of its 400 users occur in no good row of `events`."]),
        (
            counts(400, 300, 300),
            ["100 of the 400 users of `events` have no row in it, so no attribute of theirs is known."],
        ),
        # Few of many customers buy, and few who buy are customers: the ids are written alike.
        (counts(50, 90_000, 40), ["89,960 of its 90,000", "10 of the 50 users"]),
        (counts(90_000, 50, 40), ["10 of its 50 users", "89,960 of the 90,000 users of `events`"]),
        (counts(300, 0, 0), ["300 of the 300 users of `events`"]),
    ],
)
def test_users_that_one_table_lacks_are_counted(tables: TablePaths, found: EventCounts, notes: list[str]) -> None:
    said = note_users(found, tables, plain_user_ids=False)
    assert len(said) == len(notes)
    for note, expected in zip(said, notes, strict=True):
        assert note.startswith(f"Table `users`: {expected}")
    assert note_users(found, tables._replace(users=[]), plain_user_ids=False) == []


def test_products_without_events_are_counted(tables: TablePaths) -> None:
    assert note_products(0, 9, tables) == []
    (note,) = note_products(1200, 5000, tables)
    assert note == "Table `products`: 1,200 of its 5,000 products occur in no good row of `events`."
    assert note_products(4500, 5000, tables)[0].endswith("in no good row of `events`.")
    (nearly_all,) = note_products(4501, 5000, tables)
    assert nearly_all == (
        "Table `products`: 4,501 of its 5,000 products occur in no good row of `events`. Ids are `7`, `8` here, and "
        "`00u10007.0`, `00u10008.0` in `events`: check that both tables write them alike."
    )
