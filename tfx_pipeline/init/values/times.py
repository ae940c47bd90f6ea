"""How times are written, and how sure that is."""

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from serving.graph.time_units import DAY_SECONDS
from tfx_pipeline.init.values.zones import zone_of

# Moments between 2000 and 2100: a number that is one of these, whatever its unit.
_FIRST_SECOND, _LAST_SECOND = 946_684_800, 4_102_444_800
_UNITS = {"unix_seconds": 1, "unix_milliseconds": 1_000, "unix_microseconds": 1_000_000}
# Digits alone, by how many there are.
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_EXCEL_FIRST, _EXCEL_LAST = 36_526, 73_050

_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%d-%m-%Y",
    "%d/%m/%y", "%d-%m-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
)  # fmt: skip
# Written out, where `strptime` reads no zone.
_UTC = (" UTC", " GMT")
_CLOCKS = (
    "", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p",
    ", %I:%M:%S %p", "T%H:%M:%S", "T%H:%M",
)  # fmt: skip
_ZONES = ("", " %z", "%z", *_UTC)
_DIRECTIVES = {
    "%Y": r"\d{4}", "%y": r"\d\d(?!\d)", "%m": r"\d\d?", "%d": r"\d\d?", "%b": r"[^\W\d_]{3}", "%B": r"[^\W\d_]+",
    "%H": r"\d\d?", "%I": r"\d\d?", "%M": r"\d\d", "%S": r"\d\d", "%f": r"\d{1,6}", "%p": r"[AaPp][Mm]",
    "%z": r"(?:Z|[+-]\d\d:?\d\d)",
}  # fmt: skip
# The same text with another part first.
_OTHER_ORDERS = {
    "%d/%m/%Y": ("%m/%d/%Y",),
    "%d-%m-%Y": ("%m-%d-%Y",),
    "%d.%m.%Y": ("%m.%d.%Y",),
    "%d/%m/%y": ("%m/%d/%y", "%y/%m/%d"),
    "%d-%m-%y": ("%m-%d-%y", "%y-%m-%d"),
    "%d.%m.%y": ("%y.%m.%d",),
}
_FRACTION = re.compile(r"(?<=:\d\d)\.\d{1,9}")
_NAMED_ZONE = re.compile(r".*\d [A-Z]{2,5}")
# A column of times may hold some that are wrong.
_SHARE = 0.98


@dataclass(frozen=True, kw_only=True)
class TimeGuess:
    """How the times of a column are written.

    Attributes:
        format: As in `time.format` of a source; None where nothing has to be said.
        names_zone: Whether the times say in which zone they are, or are counted from a moment.
        zone: A zone that has the offsets of all times, if they have offsets.
        offsets: The offsets from UTC that the times have, if they have offsets.
        reads_as: The zone that the source has to name, since the form does not read it.
        others: The other ways to read them, if the values do not tell: `format` is then the likeliest one.
        first: The earliest moment in Unix seconds, as if in UTC.
        last: The latest one.
    """

    format: str | None
    names_zone: bool
    zone: str | None = None
    offsets: frozenset[timedelta] = frozenset()
    reads_as: str | None = None
    others: tuple[str, ...] = ()
    first: float
    last: float


def guess_time(values: Sequence[Any]) -> TimeGuess | None:
    """Finds how times are written.

    Args:
        values: Values of a column, missing ones left out.

    Returns:
        The form, or None if these are no times.
    """
    if not values:
        return None
    if all(isinstance(value, date) for value in values):
        return _of_dates(values)
    numbers = [number for value in values if (number := _number(value)) is not None]
    if len(numbers) >= _SHARE * len(values):
        return _of_numbers(numbers)
    texts = [value.strip() for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        return None
    iso = _readable(texts, _from_iso)
    if iso is not None:
        zoned = sum(moment.tzinfo is not None for moment in iso) > len(iso) / 2
        return _guess(None, iso, names_zone=zoned)
    # Some programs leave a fraction of 0 out; one is read beside any form with seconds.
    return _of_texts(texts) or _of_texts([_FRACTION.sub("", text) for text in texts])


def how_to_write(values: Sequence[Any]) -> str:
    """Says how times that could not be read should be written."""
    how = "them as 2023-01-10 10:00:00"
    if any(isinstance(value, str) and _NAMED_ZONE.fullmatch(value.strip()) for value in values):
        how = "them with an offset, such as 2023-01-10 10:00:00+01:00, as names of zones other than UTC are not read"
    return f"Write {how}, or write the configuration by hand and say their form with `time.format`"


def _of_dates(values: Sequence[Any]) -> TimeGuess:
    moments = [
        value if isinstance(value, datetime) else datetime(value.year, value.month, value.day) for value in values
    ]
    return _guess(None, moments, names_zone=any(moment.tzinfo is not None for moment in moments))


def _of_numbers(numbers: Sequence[float]) -> TimeGuess | None:
    middle = sorted(numbers)[len(numbers) // 2]
    for name, unit in _UNITS.items():
        if _FIRST_SECOND <= middle / unit <= _LAST_SECOND:
            good = [number / unit for number in numbers if number > 0]
            form = None if name == "unix_seconds" else name
            return TimeGuess(format=form, names_zone=True, first=min(good), last=max(good))
    days = [f"{number:.0f}" for number in numbers]
    for digits, form in _COMPACT.items():
        written = all(len(number) == digits for number in days)
        compact = _readable(days, _reader(form)) if written else None
        if compact is not None and 2000 <= compact[0].year < 2100:
            return _guess(form, compact, names_zone=False)
    if all(_EXCEL_FIRST <= number <= _EXCEL_LAST for number in numbers):
        shifted = [(number - 25_569) * DAY_SECONDS for number in numbers]
        return TimeGuess(format="excel", names_zone=False, first=min(shifted), last=max(shifted))
    return None


def _of_texts(texts: Sequence[str]) -> TimeGuess | None:
    for form in _forms(texts[0]):
        readings = {each: moments for each in _orders(form) if (moments := _readable(texts, _reader(each)))}
        # What only one order makes times of the past is of that order.
        readings = {each: moments for each, moments in readings.items() if _mostly_past(moments)} or readings
        if readings:
            # Days that follow each other lie close together in the right reading, and months or years apart in the
            # others; a clock with am and pm goes with the month first.
            month_first = "%p" in form
            likely = sorted(
                readings, key=lambda each: (_days(readings[each]), month_first and not each.startswith("%m"))
            )
            zoned = form.endswith(("%z", *_UTC))
            return _guess(likely[0], readings[likely[0]], names_zone=zoned, others=tuple(likely[1:]))
    return None


def _mostly_past(moments: Sequence[datetime]) -> bool:
    tomorrow = datetime.now() + timedelta(days=1)
    return sum(moment.replace(tzinfo=None) <= tomorrow for moment in moments) >= _SHARE * len(moments)


def _days(moments: Sequence[datetime]) -> float:
    """Returns how many days lie between the first and the last moment."""
    return (max(moments) - min(moments)).total_seconds() // DAY_SECONDS


def _forms(text: str) -> Iterator[str]:
    """Yields the forms that read one text, the usual ones first."""
    for day in _DATES:
        after_day = _rest(day, text)
        for clock in _CLOCKS if after_day is not None else ():
            after_clock = _rest(clock, after_day or "")
            for zone in _ZONES if after_clock is not None else ():
                form = day + clock + zone
                fits = _rest(zone, after_clock or "") == ""
                if fits and any(_reader(each)(text) for each in _orders(form)):
                    yield form


def _rest(form: str, text: str) -> str | None:
    """Returns what stands after the beginning of a text that has a form; None if it has not."""
    found = _pattern(form).match(text)
    return None if found is None else text[found.end() :]


@functools.cache
def _pattern(form: str) -> re.Pattern[str]:
    # Python's own patterns of so many forms take long to compile.
    parts = re.split(r"(%.)", form)
    return re.compile("".join(_DIRECTIVES.get(part, re.escape(part).replace("\\ ", r"\s")) for part in parts))


def _orders(form: str) -> list[str]:
    """Returns a form and those that read the same text with another part first."""
    others = next((others for day, others in _OTHER_ORDERS.items() if form.startswith(day)), ())
    return [form, *(other + form[len(other) :] for other in others)]


def _reader(form: str) -> Callable[[str], datetime | None]:
    def read(text: str) -> datetime | None:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            return None

    return read


def _from_iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None  # Week dates, and numbers that happen to have eight digits.
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _readable(texts: Sequence[str], read: Callable[[str], datetime | None]) -> list[datetime] | None:
    """Returns the moments of texts, or None if too few are readable this way."""
    allowed = len(texts) * (1 - _SHARE)
    moments = []
    for text in texts:
        moment = read(text)
        if moment is None:
            allowed -= 1
            if allowed < 0:
                return None
        else:
            moments.append(moment)
    return moments or None


def _guess(
    form: str | None, moments: Sequence[datetime], *, names_zone: bool, others: tuple[str, ...] = ()
) -> TimeGuess:
    epoch = datetime(1970, 1, 1)
    seconds = [(moment.replace(tzinfo=None) - epoch).total_seconds() for moment in moments]
    offsets = [moment for moment in moments if moment.tzinfo is not None]
    zone = "UTC" if form and form.endswith(_UTC) else None
    return TimeGuess(
        format=form,
        names_zone=names_zone,
        zone=zone_of(offsets) if names_zone and offsets else zone,
        offsets=frozenset(offset for moment in offsets if (offset := moment.utcoffset()) is not None),
        reads_as=zone,
        others=others,
        first=min(seconds),
        last=max(seconds),
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool | date):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
