"""How far a long piece of work is: whoever does it reports, and one listener hears of it.

    for batch in counted(batches, "batches", len(batches)):
        ...

Nothing is heard unless somebody listens, and then at most twice a second, so a report may stand in any loop.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

_Item = TypeVar("_Item")

_SECONDS_BETWEEN = 0.5


@dataclass(frozen=True, kw_only=True)
class Report:
    """How far a piece of work is.

    Attributes:
        done: What is done of it, in units.
        total: All there is to do; None where nobody knows.
        unit: What is counted, such as `rows`.
        note: What else there is to say, such as `loss 0.1234`.
    """

    done: int
    total: int | None
    unit: str
    note: str = ""


Listener: TypeAlias = Callable[[Report], None]


class _Heard:
    """Who listens, and from when on a report is passed on again."""

    listener: Listener | None = None
    next_at = 0.0
    lock = threading.Lock()


def report_progress(done: int, total: int | None, unit: str, note: str | Callable[[], str] = "") -> None:
    """Tells the listener, if there is one, how far the work is.

    Args:
        done: What is done of it, in units.
        total: All there is to do; None where nobody knows.
        unit: What is counted.
        note: What else there is to say, or what gives it; that is called only if somebody hears the report.
    """
    if _Heard.listener is None or time.monotonic() < _Heard.next_at:
        return
    # Beam's steps run on threads of their own.
    with _Heard.lock:
        if _Heard.listener is not None:
            _Heard.next_at = time.monotonic() + _SECONDS_BETWEEN
            said = note if isinstance(note, str) else note()
            _Heard.listener(Report(done=done, total=total, unit=unit, note=said))


class Tally:
    """Adds up what is done of a piece of work, part by part, and reports it.

    Args:
        unit: What is counted.
        total: How many units there are; None where nobody knows.
    """

    def __init__(self, unit: str, total: int | None = None) -> None:
        self._unit, self._total = unit, total
        self._done = 0

    def add(self, units: int) -> None:
        """Counts some more."""
        self._done += units
        report_progress(self._done, self._total, self._unit)


def counted(items: Iterable[_Item], unit: str, total: int | None = None) -> Iterator[_Item]:
    """Yields the items, and reports each one that is done.

    Args:
        items: What is worked through.
        unit: What they are called.
        total: How many they are; None where nobody knows.
    """
    tally = Tally(unit, total)
    for item in items:
        yield item
        tally.add(1)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Lets `listener` hear all reports of this process while the block lasts."""
    before, _Heard.listener, _Heard.next_at = _Heard.listener, listener, 0.0
    try:
        yield
    finally:
        with _Heard.lock:
            _Heard.listener = before
