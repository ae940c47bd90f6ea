"""Checks of what a configuration says of how a table is written: zones, formats of times, encodings, separators."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Times that are numbers: from 1970-01-01 (UTC), or days from 1899-12-30.
NUMBER_TIME_FORMATS = ("unix_seconds", "unix_milliseconds", "unix_microseconds", "excel")


def known_zone(name: str) -> str:
    """Returns the name of a time zone that there is.

    Raises:
        ValueError: There is none of this name.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: `Europe` is a folder of zones.
        raise ValueError(f"expected a time zone such as Europe/Berlin or UTC, got {name!r}") from error
    return name


def known_time_format(text: str) -> str:
    """Returns the format of a time that can be read.

    Raises:
        ValueError: It is none of the named ones, and no format of strptime that names a year.
    """
    if text in NUMBER_TIME_FORMATS:
        return text
    expected = (
        f"expected a format of Python's strptime that names at least a year, such as %d.%m.%Y %H:%M, or one of "
        f"{', '.join(NUMBER_TIME_FORMATS)}; got {text!r}"
    )
    moment = datetime(2031, 5, 17, 13, 4, 5, tzinfo=UTC)
    try:
        read = datetime.strptime(moment.strftime(text), text)
    except (ValueError, re.error) as error:  # re.error: a part is there twice.
        raise ValueError(f"{expected} ({error})") from error
    if read.year != moment.year or "%Z" in text:
        # Of names of zones strptime knows UTC and that of this machine alone, and then forgets them.
        raise ValueError(f"{expected}{'; %z reads zones as +02:00, and %Z none' if '%Z' in text else ''}")
    return text


def known_encoding(name: str) -> str:
    """Returns the name of an encoding of texts that there is.

    Raises:
        ValueError: There is none of this name.
    """
    try:
        "".encode(name)  # Which refuses codecs that are of no text.
    except LookupError as error:
        raise ValueError(f"expected an encoding such as gb18030, windows-1252 or utf-16, got {name!r}") from error
    return name


def one_sign(separator: str) -> str:
    """Returns what stands between fields.

    Raises:
        ValueError: It is not one character, or one that has another meaning.
    """
    if len(separator) != 1 or separator in '"\r\n':
        raise ValueError(f'expected one character, such as ";" or "\\t", got {separator!r}')
    return separator
