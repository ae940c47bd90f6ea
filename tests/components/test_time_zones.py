"""Local times and moments of whole columns, against zoneinfo one by one and by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.time_zones import unix_from_wall, wall_from_unix

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
EPOCH = datetime(1970, 1, 1)
MOMENTS = st.datetimes(datetime(1850, 1, 1), datetime(2200, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, fold=0)
)


def _wall(*moments: datetime) -> np.ndarray:
    return np.array([(moment - EPOCH) // timedelta(seconds=1) for moment in moments], np.int64)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(ZONES), st.lists(MOMENTS, max_size=6), st.data())
def test_any_zone_agrees_with_zoneinfo(zone: str, moments: list[datetime], data: st.DataObject) -> None:
    if moments:  # Hours around a moment, where a change of the clock may lie.
        around = data.draw(st.lists(st.integers(-40, 40), max_size=8))
        moments = moments + [moments[0] + timedelta(hours=hours) for hours in around]
    rules = ZoneInfo(zone)
    unix = [int(moment.replace(tzinfo=rules).timestamp()) for moment in moments]
    assert unix_from_wall(_wall(*moments), zone).tolist() == unix
    clocks = [datetime.fromtimestamp(second, rules).replace(tzinfo=None) for second in unix]
    assert wall_from_unix(np.array(unix, np.int64), zone).tolist() == _wall(*clocks).tolist()


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        (datetime(2026, 1, 15, 12), datetime(2026, 1, 15, 11)),
        (datetime(2026, 7, 15, 12), datetime(2026, 7, 15, 10)),
        # On 29 March the clock goes from 02:00 to 03:00: 02:30 is not, and counts as 03:30.
        (datetime(2026, 3, 29, 1, 59, 59), datetime(2026, 3, 29, 0, 59, 59)),
        (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30)),
        (datetime(2026, 3, 29, 3, 30), datetime(2026, 3, 29, 1, 30)),
        # On 25 October it goes from 03:00 to 02:00: 02:30 is twice, and the first is meant.
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30)),
        (datetime(2026, 10, 25, 3), datetime(2026, 10, 25, 2)),
    ],
)
def test_daylight_saving_in_berlin(wall: datetime, utc: datetime) -> None:
    assert unix_from_wall(_wall(wall), "Europe/Berlin").tolist() == [int(utc.replace(tzinfo=UTC).timestamp())]


def test_the_clock_of_berlin_shows_an_hour_twice() -> None:
    moments = [int(datetime(2026, 10, 25, hour, 30, tzinfo=UTC).timestamp()) for hour in (0, 1, 2)]
    hour = datetime(2026, 10, 25, 2, 30)
    shown = wall_from_unix(np.array(moments), "Europe/Berlin")
    assert shown.tolist() == _wall(hour, hour, hour + timedelta(hours=1)).tolist()


def test_times_past_the_calendar_have_the_offset_of_its_end() -> None:
    for extreme in (-(2**53), 2**53):
        shift = wall_from_unix(np.array([extreme]), "Asia/Tokyo")[0] - extreme
        assert 9 * 3600 <= shift <= 10 * 3600


def test_many_rows_of_one_day_ask_for_its_offset_once() -> None:
    wall = np.arange(200_000, dtype=np.int64).reshape(2, -1) % 86_400 + _wall(datetime(2026, 6, 1))[0]
    assert (unix_from_wall(wall, "America/New_York") - wall == 4 * 3600).all()
