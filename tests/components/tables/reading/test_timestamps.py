"""Timestamps of any kind, and which of them are refused."""

import math
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.tables.reading.parsing import parse_column
from components.tables.reading.timestamps import timestamp_problems

NEW_YEAR = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
DAY = 86_400


def _parsed(values: list[Any], kind: str) -> tuple[list[Any], dict[str, list[int]]]:
    column = parse_column(pa.array(values), kind)
    return column.values.to_pylist(), {name: np.flatnonzero(mask).tolist() for name, mask in column.problems.items()}


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00",
        "2024-01-01T00:00:00.999999999",
        "2024-01-01T00:00:00Z",
        "2024-01-01T02:00:00+02:00",
        "2023-12-31T19:30:00-0430",
        str(NEW_YEAR),
        f"{NEW_YEAR}.75",
        f"  {NEW_YEAR} ",
    ],
)
def test_timestamps_alone_and_beside_a_broken_one(text: str) -> None:
    assert _parsed([text], "timestamp") == ([NEW_YEAR], {})
    assert _parsed([text, "yesterday", None], "timestamp") == ([NEW_YEAR, None, None], {"unparsable": [1]})


@pytest.mark.parametrize("text", ["2024-02-30", "31/12/2024", "2024-13-01", "nan", "1e400", "0x1Fg", "12:30"])
def test_broken_timestamps(text: str) -> None:
    assert _parsed([text], "timestamp") == ([None], {"unparsable": [0]})


@pytest.mark.parametrize(
    "array",
    [
        pa.array([datetime(2024, 1, 1)], pa.timestamp("ns")),
        pa.array([datetime(2024, 1, 1, tzinfo=UTC)], pa.timestamp("ms", "America/New_York")),
        pa.array([date(2024, 1, 1)], pa.date32()),
        pa.array([NEW_YEAR + 0.5], pa.float64()),
        pa.array([NEW_YEAR], pa.uint32()),
    ],
)
def test_timestamps_of_many_types(array: pa.Array) -> None:
    assert parse_column(array, "timestamp").values.to_pylist() == [NEW_YEAR]


def test_times_before_1970_are_rounded_down() -> None:
    assert _parsed([datetime(1969, 12, 31, 23, 59, 59, 500_000)], "timestamp") == ([-1], {})


def test_a_float_timestamp_that_is_no_number() -> None:
    assert _parsed([math.nan, 1.0], "timestamp") == ([None, 1], {"unparsable": [0]})


@settings(deadline=None)
@given(st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)) | st.none(), max_size=5))
def test_iso_text_and_arrow_agree_with_python(moments: list[datetime | None]) -> None:
    expected = [None if value is None else int(value.replace(tzinfo=UTC).timestamp() // 1) for value in moments]
    text = [None if value is None else value.isoformat() for value in moments]
    assert parse_column(pa.array(text, pa.string()), "timestamp").values.to_pylist() == expected
    assert parse_column(pa.array(moments, pa.timestamp("us")), "timestamp").values.to_pylist() == expected


def test_what_is_read_may_still_be_no_time() -> None:
    seconds = [-1, 0, NEW_YEAR, NEW_YEAR + DAY, NEW_YEAR + DAY + 1, 10**11, 10**11 + 1, None]
    found = {
        problem: np.flatnonzero(rows).tolist()
        for problem, rows in timestamp_problems(pa.array(seconds, pa.int64()), NEW_YEAR + 0.9)
    }
    assert found == {"in_future": [4, 5, 6], "before_1970": [0]}
