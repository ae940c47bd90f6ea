"""Which ids hold more events than a shopper has."""

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv

from components.tables.notes.largest_users import note_largest_users

SHOPPERS = {f"u-{number}": 3 for number in range(30)}
NOBODY = "which is what many tools write for nobody. If it is nobody, write `missing: {user_id: ['%s']}` and `guests:"


def notes(events_of_users: dict[str, int], *, plain: bool = False) -> list[str]:
    users = [user for user, count in events_of_users.items() for _ in range(count)]
    statistics = tfdv.generate_statistics_from_dataframe(pd.DataFrame({"user_id": users}))
    return note_largest_users(statistics.datasets[0], plain=plain)


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
            ["30 of 120 events (25.0%) are of one user, whose id is written like `Aaaa-9a`. If that"],
        ),
        ({"Till-7ä": 30}, True, ["30 of 120 events (25.0%) are of one user, `Till-7ä`. If that is no shopper"]),
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
