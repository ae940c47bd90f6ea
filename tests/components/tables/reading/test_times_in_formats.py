"""Times in formats of strptime, in time zones, as numbers, and beyond what nanoseconds hold."""

import string
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from components.tables.files.raw_column import RawColumn
from components.tables.files.value_arrays import of_one_type, value_array
from components.tables.reading.parsing import parse_column
from components.tables.reading.value_form import ValueForm
from components.tables.sources import TimeForm
from tests.components.test_time_zones import ZONES

NEW_YEAR = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
FORMATS = [
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%y",
    "%d %b %Y, %H:%M:%S",
    "%B %d, %Y",
    "%Y-%m-%dT%H:%M:%S.%f",
    "[%d/%b/%Y:%H:%M:%S",
    "%Y年%m月%d日",
    "%H:%M %d.%m.%Y",
]


def _parsed(
    values: list[Any], form: ValueForm, data_type: pa.DataType | None = None
) -> tuple[list[int | None], dict[str, list[int]]]:
    column = parse_column(pa.array(values, data_type), "timestamp", form)
    return column.values.to_pylist(), {name: np.flatnonzero(mask).tolist() for name, mask in column.problems.items()}


def _form(time_format: str | None = None, zone: str | None = None) -> ValueForm:
    return ValueForm(time=TimeForm(format=time_format, zone=zone))


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(FORMATS),
    st.sampled_from(ZONES),
    st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2068, 1, 1)), min_size=1, max_size=4),
)
def test_any_moment_in_any_format_and_zone_is_what_zoneinfo_says(
    time_format: str, zone: str, moments: list[datetime]
) -> None:
    texts = [moment.strftime(time_format) for moment in moments]
    expected = [
        int(datetime.strptime(text, time_format).replace(tzinfo=ZoneInfo(zone)).timestamp() // 1) for text in texts
    ]
    assert _parsed(texts, _form(time_format, zone)) == (expected, {})
    # Beside what is no time, each text is read alone.
    assert _parsed([*texts, "soon", None], _form(time_format, zone)) == (
        [*expected, None, None],
        {"unparsable": [len(texts)]},
    )


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(ZONES), st.lists(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)), max_size=4))
def test_any_moment_in_iso_8601_and_in_typed_columns(zone: str, moments: list[datetime]) -> None:
    """Of each year that there is: nanoseconds hold the years 1677 to 2262 alone."""
    rules = ZoneInfo(zone)
    moments = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in moments]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    local = [(moment.replace(tzinfo=rules) - epoch) // timedelta(seconds=1) for moment in moments]
    assert _parsed([moment.isoformat() for moment in moments], _form(zone=zone), pa.string()) == (local, {})
    assert _parsed([moment.isoformat(" ") for moment in moments], _form(zone=zone), pa.string()) == (local, {})
    for unit in ("ms", "us"):
        assert _parsed(moments, _form(zone=zone), pa.timestamp(unit)) == (local, {})
    instants = [(moment - datetime(1970, 1, 1)) // timedelta(seconds=1) for moment in moments]
    assert _parsed([f"{moment.isoformat()}Z" for moment in moments], _form(zone=zone), pa.string()) == (instants, {})
    assert _parsed(moments, _form(zone=zone), pa.timestamp("us", "UTC")) == (instants, {})


def test_days_begin_in_the_zone() -> None:
    berlin = _form(zone="Europe/Berlin")
    for values, data_type in ((["2024-01-01"], pa.string()), ([date(2024, 1, 1)], pa.date32())):
        assert _parsed(values, berlin, data_type) == ([NEW_YEAR - 3600], {})
    assert _parsed([date(2024, 1, 1)], berlin, pa.date64()) == ([NEW_YEAR - 3600], {})
    assert _parsed([NEW_YEAR, None], berlin) == ([NEW_YEAR, None], {})  # A Unix time has no zone.


@pytest.mark.parametrize("year", [1, 7, 1404, 1676, 2263, 2400, 2568, 9999])
def test_years_beyond_nanoseconds_do_not_wrap(year: int) -> None:
    expected = (datetime(year, 7, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    for text in (f"{year:04}-07-01", f"{year:04}-07-01T00:00:00", f"{year:04}-07-01 00:00:00Z"):
        assert _parsed([text], _form()) == ([expected], {})
        assert _parsed([text, "soon"], _form()) == ([expected, None], {"unparsable": [1]})


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([20260630, 19900101, 20991231, 19891231, 21000101], "looks_like_yyyymmdd"),
        # Years of other calendars, and what stands for never.
        ([25680630, 14040630, 99991231], "looks_like_yyyymmdd"),
        ([202606, 199001, 209912], "looks_like_yyyymm"),
        ([202606301430], "looks_like_yyyymmddhhmm"),
        ([20260630143059], "looks_like_yyyymmddhhmmss"),
        ([46203, 46203.625, 20000], "looks_like_excel_serial"),
        ([NEW_YEAR * 10**3, 10**11 + 1], "in_milliseconds"),
        ([NEW_YEAR * 10**6], "in_microseconds"),
        ([NEW_YEAR * 10**9], "in_nanoseconds"),
    ],
)
def test_numbers_are_named_for_what_they_look_like(values: list[float], problem: str) -> None:
    refused = ([None] * len(values), {problem: list(range(len(values)))})
    for form in (_form(), ValueForm(decimal=",")):
        assert _parsed(values, form) == refused
        assert _parsed([float(value) for value in values], form) == refused
        texts = [str(value).replace(".", form.decimal) for value in values]
        assert _parsed(texts, form) == refused
        values_found, problems = _parsed([*texts, "2024-01-01", ""], form)
        assert values_found == [*refused[0], NEW_YEAR, None]
        assert problems == refused[1]


def test_numbers_beside_those_are_unix_seconds() -> None:
    values = [0, 1, 19_999, 80_000, 123_456, 202_613, 198_912, 20261330, 20260600, 10**8, 10**11]
    assert _parsed(values, _form()) == (values, {})
    assert _parsed([str(value) for value in values], _form()) == (values, {})
    assert _parsed([20260630], _form("unix_seconds")) == ([20260630], {})  # Said, so it is no guess.


def test_numbers_in_formats() -> None:
    millis = [NEW_YEAR * 1_000 + 999, -1, None]
    assert _parsed(millis, _form("unix_milliseconds")) == ([NEW_YEAR, -1, None], {})
    assert _parsed([str(NEW_YEAR * 1_000 + 999), "-1", ""], _form("unix_milliseconds")) == ([NEW_YEAR, -1, None], {})
    assert _parsed([NEW_YEAR * 10**6 + 10**6 - 1], _form("unix_microseconds")) == ([NEW_YEAR], {})
    assert _parsed(["2024-01-01", "x"], _form("unix_milliseconds")) == ([None, None], {"unparsable": [0, 1]})


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"])
)
def test_days_of_excel(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    serial = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    expected = ([int(moment.replace(tzinfo=ZoneInfo(zone)).timestamp())], {})
    assert _parsed([serial], _form("excel", zone)) == expected
    assert _parsed([repr(serial)], _form("excel", zone)) == expected


def test_digits_of_a_format_in_any_type() -> None:
    """As in a column of integers, which becomes one of floats where one is missing."""
    for values in ([20240101, None], [20240101.0, None], ["20240101", None], ["20240101.0", ""]):
        assert _parsed(values, _form("%Y%m%d")) == ([NEW_YEAR, None], {})


def test_a_zone_in_a_format_counts() -> None:
    assert _parsed(["01.01.2024 01:00 +0100"], _form("%d.%m.%Y %H:%M %z", "Asia/Tokyo")) == ([NEW_YEAR], {})


@pytest.mark.parametrize("text", ["1.1.2024", "01.01.2024 ", "01.01.2024"])
def test_digits_may_lack_zeros(text: str) -> None:
    assert _parsed([text], _form("%d.%m.%Y")) == ([NEW_YEAR], {})


@pytest.mark.parametrize("text", ["2024-01-01", "31.02.2024", "01.01.24", "01.01.2024 10:00", str(NEW_YEAR)])
def test_what_is_not_of_the_format_is_refused(text: str) -> None:
    assert _parsed([text], _form("%d.%m.%Y")) == ([None], {"unparsable": [0]})
    assert _parsed(["01.01.2024", text], _form("%d.%m.%Y")) == ([NEW_YEAR, None], {"unparsable": [1]})


@pytest.mark.parametrize("time_format", ["DD.MM.YYYY", "%Q", "%d.%m", "%H:%M", "%d.%m.%Y %Z", "millis", ""])
def test_formats_that_cannot_be(time_format: str) -> None:
    with pytest.raises(ValueError, match=r"expected a format of Python's strptime .*%d\.%m\.%Y"):
        TimeForm(format=time_format)


ODD_TEXT = st.text(string.digits + "0246.,-+:TZeExnaif() '\u00a0٣", max_size=20)
ANY_VALUE = st.none() | ODD_TEXT | st.floats().map(str) | st.integers(0, 10**19).map(str)
ISO = st.datetimes().map(lambda moment: moment.isoformat()) | st.datetimes().map(lambda moment: f"{moment.date()}")


@settings(deadline=None, max_examples=300)
@given(
    st.lists(ANY_VALUE | ISO, max_size=6),
    st.integers(0, 6),
    st.sampled_from(
        [ValueForm(), ValueForm(decimal=","), _form("%d.%m.%Y", "Europe/Berlin"), _form("excel", "Asia/Tokyo")]
    ),
)
def test_neighbours_do_not_matter(values: list[str | None], cut: int, form: ValueForm) -> None:
    """A column that is cut in two means the same, and so does each value alone."""
    for kind in ("float", "integer", "boolean", "timestamp", "vector", "string", "category"):
        whole = _outcome(values, kind, form)
        assert whole == _outcome(values[:cut], kind, form) + _outcome(values[cut:], kind, form)
        assert whole == [outcome for value in values for outcome in _outcome([value], kind, form)]


def _outcome(values: list[str | None], kind: str, form: ValueForm) -> list[Any]:
    """The value and the problem of each row."""
    column = parse_column(pa.array(values, pa.large_string()), kind, form)
    problems = [[name for name, rows in column.problems.items() if rows[row]] for row in range(len(values))]
    assert all(len(found) <= 1 for found in problems)
    return list(zip(column.values.to_pylist(), problems, strict=True))


@settings(deadline=None)
@given(st.lists(st.integers(-(10**20), 10**20) | st.floats(allow_nan=False), min_size=1, max_size=5))
def test_numbers_mean_the_same_as_text(numbers: list[float]) -> None:
    assume(all(isinstance(number, float) or abs(number) < 2**63 for number in numbers))
    for number in numbers:
        typed = parse_column(pa.array([number]), "timestamp")
        text = parse_column(pa.array([repr(number)]), "timestamp")
        assert (typed.values.to_pylist(), [*typed.problems]) == (text.values.to_pylist(), [*text.problems])


@pytest.mark.parametrize("time_format", ["%d.%m.%Y", "excel", "unix_seconds", None])
@pytest.mark.parametrize("text", ["soon", "1.5.2024", None, ""])
def test_a_typed_time_means_the_same_beside_texts(time_format: str | None, text: str | None) -> None:
    """As in a workbook, where one cell of a column of dates may be text."""
    column = RawColumn(name="day", kind="timestamp")
    form = _form(time_format, "Europe/Berlin")
    moments = [datetime(2024, 1, 1), datetime(2024, 7, 1, 12, 30, 15, 250_000)]
    expected = [int(moment.replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) for moment in moments]
    assert parse_column(value_array(moments, column), "timestamp", form).values.to_pylist() == expected
    beside = parse_column(value_array([*moments, text], column), "timestamp", form)
    assert beside.values.to_pylist()[:2] == expected
    assert all(rows.tolist()[:2] == [False, False] for rows in beside.problems.values())


def test_times_of_several_types_stay_times() -> None:
    moment = datetime(2024, 1, 1, 12)
    arrays = [pa.array([moment, None], pa.timestamp(unit)) for unit in ("us", "ns", "s")]
    arrays += [pa.array([date(2024, 1, 1)], pa.date32()), pa.nulls(1)]
    found = of_one_type(arrays)
    assert {array.type for array in found} == {pa.timestamp("us")}
    assert [array.to_pylist() for array in found] == [*[[moment, None]] * 3, [datetime(2024, 1, 1)], [None]]
