"""Events to baskets: by basket_id, by user and day, and up to where the towers' events end."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from components.events.moments import SplitMoments
from components.rules.baskets import basket_items, known_events, level_baskets, make_baskets

DAY, HOUR = 86_400, 3_600


def events(*rows: tuple[str | None, str, int, str | None], event_type: int = 0) -> pa.Table:
    user, product, time, basket = zip(*rows, strict=True)
    return pa.table(
        {
            "user_id": pa.array([each and each.encode() for each in user], pa.binary()),
            "product_id": pa.array([each.encode() for each in product], pa.binary()),
            "event_type": pa.array([event_type] * len(rows), pa.int8()),
            "time": pa.array(time, pa.int64()),
            "basket_id": pa.array([each and each.encode() for each in basket], pa.binary()),
        }
    )


def made(table: pa.Table, *, has_timestamps: bool = True, time_zone: str = "UTC") -> list[tuple[list[int], int | None]]:
    ids = pa.array([b"a", b"b", b"c", b"d"], pa.binary())
    baskets = make_baskets(table, ids, has_timestamps=has_timestamps, time_zone=time_zone)
    return sorted((row["items"], row["day"]) for row in baskets.to_pylist())


def test_a_basket_id_brings_events_of_several_days_together_and_a_product_counts_once() -> None:
    table = events(("u", "c", 5 * DAY, "x"), ("u", "a", 4 * DAY, "x"), ("u", "a", 4 * DAY, "x"), ("u", "b", 0, "y"))
    assert made(table) == [([0, 2], 4), ([1], 0)]


def test_equal_basket_ids_of_two_users_are_two_baskets() -> None:
    assert made(events(("u", "a", 0, "x"), ("v", "b", 0, "x"))) == [([0], 0), ([1], 0)]


def test_without_a_basket_id_a_user_and_a_day_are_a_basket() -> None:
    table = events(("u", "a", 1, None), ("u", "b", DAY - 1, None), ("u", "c", DAY, None), ("v", "d", 1, None))
    assert made(table) == [([0, 1], 0), ([2], 1), ([3], 0)]


def test_events_with_and_without_a_basket_id_do_not_mix() -> None:
    assert made(events(("u", "a", 1, "x"), ("u", "b", 1, None))) == [([0], 0), ([1], 0)]


def test_without_timestamps_a_position_is_a_basket_of_no_day() -> None:
    table = events(("u", "a", 1, None), ("u", "b", 1, None), ("u", "c", 2, None))
    assert made(table, has_timestamps=False) == [([0, 1], None), ([2], None)]


def test_products_that_the_catalogue_lacks_are_left_out_and_so_is_a_basket_of_them_alone() -> None:
    assert made(events(("u", "a", 0, "x"), ("u", "z", 0, "x"), ("u", "z", 0, "y"))) == [([0], 0)]
    assert made(events(("u", "z", 0, "y"))) == []


def test_events_end_where_validation_begins() -> None:
    table = events(("u", "a", 9, None), ("u", "b", 10, None))
    kept = known_events(table, SplitMoments(10, 20), [1.0], has_timestamps=True).events
    assert kept["product_id"].to_pylist() == [b"a"]


def test_where_the_last_groups_are_left_out_each_user_ends_before_them() -> None:
    table = events(*[("u", product, time, None) for time, product in enumerate("abcd")], ("v", "a", 7, None))
    kept = known_events(table, SplitMoments(None, None), [1.0], has_timestamps=True).events
    # User v has one group alone, which is the test.
    assert kept["product_id"].to_pylist() == [b"a", b"b"]


def test_a_level_replaces_products_and_drops_what_has_no_item() -> None:
    rows: dict[str, Any] = {"items": [[0, 1], [2], [1, 3]], "day": [1, 2, 3]}
    schema = pa.schema([("items", pa.list_(pa.int32())), ("day", pa.int64())])
    of_level = level_baskets(pa.table(rows, schema=schema), np.array([1, 0, -1, 0]))
    assert of_level.to_pylist() == [{"items": [0, 1], "day": 1}, {"items": [0], "day": 3}]
    items, sizes = basket_items(of_level)
    assert (items.tolist(), sizes.tolist()) == ([0, 1, 0], [2, 1])


def test_a_day_is_the_shops() -> None:
    """Berlin's midnight is 22:00 in UTC in summer, and 23:00 in winter."""
    for midnight in (datetime(2026, 7, 1, 22, tzinfo=UTC), datetime(2026, 12, 1, 23, tzinfo=UTC)):
        second = int(midnight.timestamp())
        table = events(("u", "a", second - 1800, None), ("u", "b", second + 1800, None))
        day = second // DAY
        assert made(table) == [([0, 1], day)]
        assert made(table, time_zone="Europe/Berlin") == [([0], day), ([1], day + 1)]


def test_the_day_on_which_the_clock_goes_back_has_25_hours() -> None:
    begin = int(datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
    table = events(
        ("u", "a", begin - 1, None),
        ("u", "b", begin, None),
        ("u", "c", begin + 25 * HOUR - 1, None),
        ("u", "d", begin + 25 * HOUR, None),
    )
    day = (date(2026, 10, 25) - date(1970, 1, 1)).days
    assert made(table, time_zone="Europe/Berlin") == [([0], day - 1), ([1, 2], day), ([3], day + 1)]


def test_a_basket_id_holds_where_events_have_positions() -> None:
    table = events(("u", "a", 1, "x"), ("u", "b", 2, "x"), ("u", "c", 2, "y"), ("u", "d", 3, None))
    assert made(table, has_timestamps=False) == [([0, 1], None), ([2], None), ([3], None)]


def test_a_basket_of_a_guest_is_one_by_its_id_alone() -> None:
    table = events((None, "a", 0, "x"), (None, "b", 2 * DAY, "x"), (None, "c", 0, "y"), ("u", "d", 0, "x"))
    assert made(table) == [([0, 1], 0), ([2], 0), ([3], 0)]


def test_of_a_basket_that_reaches_into_validation_nothing_is_known() -> None:
    rows = [("u", "a", 1, "x"), ("u", "b", 2, "y"), ("u", "c", 3, "y"), ("u", "d", 4, "z"), ("v", "a", 1, "y")]
    kept = known_events(events(*rows), SplitMoments(3, 4), [1.0], has_timestamps=True).events
    assert kept.select(["user_id", "time"]).to_pylist() == [
        {"user_id": b"u", "time": 1},
        {"user_id": b"v", "time": 1},
    ]


def test_what_a_basket_id_that_stands_for_none_takes_away_is_told() -> None:
    rows = [("u", "a", 1, "0"), ("u", "b", 2, "0"), ("u", "c", 2, "x"), ("u", "d", 4, "0"), ("v", "a", 1, "0")]
    known = known_events(events(*rows), SplitMoments(3, 4), [1.0], has_timestamps=True)
    assert known.events["product_id"].to_pylist() == [b"c", b"a"]
    assert known.cut["product_id"].to_pylist() == [b"a", b"b"]


def test_where_the_last_positions_are_left_out_so_are_their_baskets_and_guests_stay() -> None:
    rows = [("u", "a", 1, "x"), ("u", "b", 2, "x"), ("u", "c", 3, "y"), ("u", "d", 4, "y"), ("u", "a", 5, "z")]
    guests = [(None, "a", 1, "x"), (None, "b", 9, "x")]
    kept = known_events(events(*rows, *guests), SplitMoments(None, None), [1.0], has_timestamps=False).events
    # Position 4 is the validation, and 5 the test.
    assert kept["time"].to_pylist() == [1, 2, 1, 9]


def test_two_baskets_at_one_position_are_one_group_of_the_history() -> None:
    rows = [("u", "a", 1, "x"), ("u", "b", 2, "y"), ("u", "c", 2, "z"), ("u", "d", 3, None)]
    kept = known_events(events(*rows), SplitMoments(None, None), [1.0], has_timestamps=False).events
    assert kept["product_id"].to_pylist() == [b"a"]
