"""What many workers count of events and examples, and how it adds up."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Generic, Self, TypeVar

import apache_beam as beam

from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import EVENT_COUNTS_FILE

_Counted = TypeVar("_Counted", bound="Counts")


@dataclass(kw_only=True)
class Counts:
    """Base of what is counted: two add up with `+`, and without arguments all is zero."""

    def __add__(self, other: Self) -> Self:
        return type(self)(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    def values(self) -> dict[str, Any]:
        """Returns each count by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(kw_only=True)
class EventCounts(Counts):
    """What was read of the events table, and of the users table beside it.

    Attributes:
        events: Rows of the events table.
        unknown_product_events: Events whose product the products table lacks.
        events_without_time: Events with neither a timestamp nor a position where the others have one.
        strange_types: Events of each type that is not known, by type.
        users: Distinct users of the events that are kept.
        users_in_table: Distinct users of the users table.
        users_in_both: Those that both have.
    """

    events: int = 0
    unknown_product_events: int = 0
    events_without_time: int = 0
    strange_types: Counter[str] = field(default_factory=Counter)
    users: int = 0
    users_in_table: int = 0
    users_in_both: int = 0


class SumCounts(beam.CombineFn, Generic[_Counted]):
    """Adds up counts of one kind."""

    def __init__(self, kind: type[_Counted]) -> None:
        self._kind = kind

    def create_accumulator(self) -> _Counted:
        """Returns zeros."""
        return self._kind()

    def add_input(self, accumulator: _Counted, element: _Counted) -> _Counted:
        """Adds one."""
        return accumulator + element

    def merge_accumulators(self, accumulators: Iterable[_Counted]) -> _Counted:
        """Adds many."""
        return sum(accumulators, self._kind())

    def extract_output(self, accumulator: _Counted) -> _Counted:
        """Returns the sum."""
        return accumulator


class SumCounters(beam.CombineFn):
    """Adds up Counters, such as events an hour; memory grows with the distinct keys."""

    def create_accumulator(self) -> Counter[int]:
        """Returns an empty Counter."""
        return Counter()

    def add_input(self, accumulator: Counter[int], element: Counter[int]) -> Counter[int]:
        """Adds one."""
        accumulator.update(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counter[int]]) -> Counter[int]:
        """Adds many."""
        return sum(accumulators, Counter())

    def extract_output(self, accumulator: Counter[int]) -> Counter[int]:
        """Returns the sum."""
        return accumulator


def write_event_counts(counts: EventCounts, uri: str) -> None:
    """Writes what was counted of events under an artifact's uri."""
    write_json(f"{uri}/{EVENT_COUNTS_FILE}", counts.values())


def read_event_counts(uri: str) -> EventCounts:
    """Reads what `write_event_counts` wrote."""
    values = read_json(f"{uri}/{EVENT_COUNTS_FILE}")
    return EventCounts(**{**values, "strange_types": Counter(values["strange_types"])})
