"""How times are written: known by hand for each form, and by writing any moment in it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from components.tables.reading.text_times import times_of_format
from tfx_pipeline.init.values.times import guess_time
from tfx_pipeline.init.values.zones import zone_of

MOMENTS = [datetime(2023, 3, 1, 13, 5) + timedelta(days=9 * day, minutes=7 * day) for day in range(40)]


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y",
        "%d.%m.%Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%y",
        "%Y/%m/%d %H:%M",
        "%Y年%m月%d日 %H:%M:%S",
        "%d-%b-%Y",
        "%b %d, %Y",
        "%Y%m%d",
    ],
)
def test_a_form_is_found_from_what_it_wrote(form: str) -> None:
    guess = guess_time([f"{moment:{form}}" for moment in MOMENTS])
    assert guess is not None
    assert guess.format == form
    assert guess.others == ()
    assert not guess.names_zone
    assert datetime.fromtimestamp(guess.first, UTC).date() == MOMENTS[0].date()
    assert datetime.fromtimestamp(guess.last, UTC).date() == MOMENTS[-1].date()


@pytest.mark.parametrize(
    ("value", "form", "zone_is_known"),
    [
        ("2023-03-01", None, False),
        ("2023-03-01T13:05:00", None, False),
        ("2023-03-01 13:05:00.25", None, False),
        ("2023-03-01T13:05:00Z", None, True),
        ("2023-03-01T13:05:00+01:00", None, True),
        ("2023-03-01 13:05:00 UTC", "%Y-%m-%d %H:%M:%S UTC", True),
        ("1677675900", None, True),
        (1677675900, None, True),
        (1677675900.5, None, True),
        ("1677675900123", "unix_milliseconds", True),
        (1677675900123456, "unix_microseconds", True),
        (44986.5, "excel", False),
        (20230301, "%Y%m%d", False),
        (date(2023, 3, 1), None, False),
        (datetime(2023, 3, 1, 13, 5, tzinfo=UTC), None, True),
    ],
)
def test_one_value_of_each_kind(value: Any, form: str | None, zone_is_known: bool) -> None:
    guess = guess_time([value])
    assert guess is not None
    assert (guess.format, guess.names_zone) == (form, zone_is_known)
    assert datetime.fromtimestamp(guess.first, UTC).date() == date(2023, 3, 1)


@pytest.mark.parametrize("values", [[], ["red"], ["536365"], [1, 2, 3], ["12:30"], [True], ["W12"], ["2023-W05-1"]])
def test_what_is_no_time(values: list[Any]) -> None:
    assert guess_time(values) is None


def test_days_up_to_twelve_leave_the_order_open_and_days_in_a_row_are_likelier_than_months() -> None:
    day_first = guess_time([f"0{day}/04/2023" for day in range(1, 9)])
    month_first = guess_time([f"04/0{day}/2023" for day in range(1, 9)])
    assert day_first is not None
    assert (day_first.format, day_first.others) == ("%d/%m/%Y", ("%m/%d/%Y",))
    assert month_first is not None
    assert (month_first.format, month_first.others) == ("%m/%d/%Y", ("%d/%m/%Y",))


def test_one_day_above_twelve_settles_the_order() -> None:
    guess = guess_time(["01/04/2023", "02/04/2023", "13/04/2023"])
    assert guess is not None
    assert (guess.format, guess.others) == ("%d/%m/%Y", ())


@pytest.mark.parametrize("sign", ["/", "-", "."])
@pytest.mark.parametrize("clock", ["", " %H:%M"])
def test_a_year_of_two_digits_may_come_first(sign: str, clock: str) -> None:
    days = [datetime.now() - timedelta(days=7 * week) for week in range(48)]
    year_first = guess_time([f"{day:%y{sign}%m{sign}%d{clock}}" for day in days])
    day_first = guess_time([f"{day:%d{sign}%m{sign}%y{clock}}" for day in days])
    assert year_first is not None
    assert day_first is not None
    # Otherwise some would lie in years to come.
    assert (year_first.format, year_first.others) == (f"%y{sign}%m{sign}%d{clock}", ())
    assert (day_first.format, day_first.others) == (f"%d{sign}%m{sign}%y{clock}", ())
    # Two weeks of January 2005 to 2018, or of January 2025, do not tell.
    open_order = guess_time([f"25/01/{day:02d}" for day in range(5, 19)])
    assert open_order is not None
    assert (open_order.format, open_order.others) == ("%y/%m/%d", ("%d/%m/%y",))


def test_a_few_wrong_times_do_not_hide_the_form() -> None:
    written = [f"{moment:%d.%m.%Y}" for moment in MOMENTS] * 3
    assert guess_time([*written, "unknown"]) is not None
    assert guess_time([*written, *["unknown"] * 20]) is None


def test_spaces_that_do_not_break_and_fractions_in_some_rows() -> None:
    narrow = ["01/05/2025, 01:48:00\u202fPM", "01/15/2025, 01:48:00\u202fPM"]
    fractions = ["2025-01-05 13:48:00.123 UTC", "2025-01-06 13:48:00 UTC"]
    for texts, form, days in ((narrow, "%m/%d/%Y, %I:%M:%S %p", 10), (fractions, "%Y-%m-%d %H:%M:%S UTC", 1)):
        guess = guess_time(texts)
        assert guess is not None
        assert guess.format == form
        read = times_of_format(pa.array(texts, pa.large_string()), form, "UTC")
        first = int(datetime(2025, 1, 5, 13, 48, tzinfo=UTC).timestamp())
        assert read.values.to_pylist() == [first, first + days * 86_400]


def test_offsets_of_summer_and_winter_tell_the_zone() -> None:
    both = [datetime.fromisoformat("2023-01-15T12:00:00+01:00"), datetime.fromisoformat("2023-07-15T12:00:00+02:00")]
    assert zone_of(both) == "Europe/Berlin"
    assert zone_of([datetime.fromisoformat("2023-07-15T12:00:00-05:00")]) == "America/Chicago"
    assert zone_of([datetime.fromisoformat("2023-07-15T12:00:00+08:00")]) == "Asia/Shanghai"
    assert zone_of([datetime.fromisoformat("2023-07-15T12:00:00+00:07")]) is None
