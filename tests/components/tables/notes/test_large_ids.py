"""Which ids hold more events than a shopper or a basket has."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
import yaml

from components.tables.notes.large_ids import note_large_ids, own_names
from components.tables.sources import TableSource
from tests.components.tables.table_runs import run_table

SHOPPERS = {f"u-{number}": 3 for number in range(30)}
NOBODY = (
    "which is what many tools write for none. If it is none, write under `tables.events` `missing: {user_id: ['%s']}` "
    "and `guests: baskets`, or leave these events out by `leave_out:"
)


def notes(
    events_of_ids: dict[str, int],
    *,
    plain: bool = False,
    column: str = "user_id",
    sources: Sequence[TableSource] = (TableSource(path="e.csv"),),
) -> list[str]:
    ids = [each for each, count in events_of_ids.items() for _ in range(count)]
    statistics = tfdv.generate_statistics_from_dataframe(pd.DataFrame({column: ids}))
    return note_large_ids(statistics.datasets[0], own_names(sources), plain_user_ids=plain)


@pytest.mark.parametrize(
    ("others", "plain", "said"),
    [
        ({"NULL": 30}, False, ["30 of 120 events (25.0%) are of one user, `NULL`, " + NOBODY % "NULL"]),
        # Words for nobody are said from one event of a hundred on, whatever others have.
        (
            {"(not set)": 2, "Guest": 40},
            False,
            [
                "40 of 132 events (30.3%) are of one user, `Guest`, " + NOBODY % "Guest",
                "2 of 132 events (1.5%) are of one user, `(not set)`, " + NOBODY % "(not set)",
            ],
        ),
        ({"NaN": 1, "x": 10}, False, []),
        # Other ids are shown only where ids may be.
        (
            {"Till-7ä": 30},
            False,
            ["30 of 120 events (25.0%) are of one user, whose id is written like `Aaaa-9a`. If it is"],
        ),
        (
            {"Till-7ä": 30},
            True,
            ["30 of 120 events (25.0%) are of one user, `Till-7ä`. If it is none (a till, a test, nobody), leave"],
        ),
        ({"Till-7": 29}, True, []),
        # Ids may be counted from 0.
        ({"0": 3}, True, []),
        ({"0": 90}, False, ["90 of 180 events (50.0%) are of one user, `0`, " + NOBODY % "0"]),
    ],
)
def test_who_holds_many_events(others: dict[str, int], plain: bool, said: list[str]) -> None:
    found = notes({**SHOPPERS, **others}, plain=plain)
    assert len(found) == len(said)
    for note, expected in zip(found, said, strict=True):
        assert note.startswith(f"Table `events`: {expected}")


def test_one_user_alone_is_noted_and_some_alike_are_not() -> None:
    (note,) = notes({"u": 5})
    assert note.startswith("Table `events`: 5 of 5 events (100.0%) are of one user, whose id is written like `a`.")
    assert notes({"a": 5, "b": 5, "c": 4}) == []


@pytest.mark.parametrize(
    ("column", "ids", "said"),
    [
        (
            "basket_id",
            {"null": 2},
            "2 of 92 events (2.2%) are of one basket, `null`, which is what many tools write for",
        ),
        (
            "basket_id",
            {"2026-01-01": 90},
            "90 of 180 events (50.0%) are of one basket, `2026-01-01`. If it is none (a de",
        ),
        ("product_id", {"#N/A": 5}, "5 of 95 events (5.3%) are of one product, `#N/A`, which is what many tools write"),
        # A shop may well live on one product.
        ("product_id", {"tea": 90}, ""),
    ],
)
def test_baskets_and_products_are_looked_at_too(column: str, ids: dict[str, int], said: str) -> None:
    found = notes({**SHOPPERS, **ids}, column=column)
    assert len(found) == bool(said)
    assert all(note.startswith(f"Table `events`: {said}") for note in found)


@pytest.mark.parametrize(
    ("column", "ids"), [("user_id", {"NULL": 30}), ("basket_id", {"NULL": 30}), ("product_id", {"NULL": 30})]
)
def test_what_a_note_says_to_write_is_understood(tmp_path: Path, column: str, ids: dict[str, int]) -> None:
    names = {"user_id": "client", "product_id": "sku", "basket_id": "order"}
    rows = [{"client": "u", "sku": "p", "order": "o", "event_type": "buy", "timestamp": 1_700_000_000}] * 4
    rows += [{**rows[0], names[column]: "NULL"}]
    pd.DataFrame(rows).to_csv(tmp_path / "e.csv", index=False)
    source = TableSource(path=str(tmp_path / "e.csv"), columns=names)
    (note,) = notes({**SHOPPERS, **ids}, column=column, sources=[source])
    said = [yaml.safe_load(each) for each in re.findall(r"`((?:missing|leave_out): \{[^`]*\})`", note)]
    assert said
    for each in said:
        (key, marks), *_ = each.items()
        assert marks == {names[column]: ["NULL"]}
        written = TableSource.model_validate({**source.model_dump(exclude_unset=True), key: marks, "guests": "baskets"})
        run = run_table(tmp_path / key, "events", [written])
        assert not any(row[column] == "NULL" for row in run.rows())


def test_names_of_other_sources_are_said_too() -> None:
    sources = [
        TableSource(path="a.csv", columns={"user_id": "client"}),
        TableSource(path="b.csv"),
        TableSource(path="c.csv", constants={"user_id": "till"}),
    ]
    (note,) = notes({**SHOPPERS, "till": 90}, sources=sources)
    assert "by `leave_out: {client: […]}` under `tables.events`. Other sources call the column `user_id`." in note
