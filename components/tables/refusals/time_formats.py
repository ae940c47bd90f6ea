"""Which formats of strptime read some texts."""

from collections.abc import Sequence
from datetime import datetime

_DATES = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")


def formats_that_read(texts: Sequence[str]) -> list[str]:
    """Returns the usual formats in which each of the texts is a time.

    More than one may: 03/04/2026 is a day of April in one country and of March in another.
    """
    formats = (date + clock for date in _DATES for clock in _CLOCKS)
    return [each for each in formats if texts and all(_reads(each, text) for text in texts)]


def _reads(time_format: str, text: str) -> bool:
    try:
        datetime.strptime(text, time_format)
    except ValueError:
        return False
    return True
