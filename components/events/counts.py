"""Counts that TaskExamples gathers from many workers."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import apache_beam as beam
from tfx.dsl.io import fileio

from components.events.moments import SplitMoments


@dataclass(kw_only=True)
class EventCounts:
    """What was seen of events; two add up with `+`.

    Attributes:
        events: Rows of the events table.
        unknown_product_events: Events whose product the products table lacks.
        events_without_time: Events with neither a timestamp nor a position where the others have one.
        strange_types: Events of each type that has no weight, by type.
        users: Distinct users.
        events_before_validation: Events of any known product in the training period.
        events_after_test_start: Events of any known product in the test period.
        filtered_events: Events of products that `min_product_events` keeps out.
        known_products: Products of the products table, or those in events where there is none.
        catalogue_products: Those of them in the catalogue.
        train: Training examples.
        eval: Evaluation examples.
        ranker: Examples that the ranker learns from.
        test: Test examples.
    """

    events: int = 0
    unknown_product_events: int = 0
    events_without_time: int = 0
    strange_types: Counter[str] = field(default_factory=Counter)
    users: int = 0
    events_before_validation: int = 0
    events_after_test_start: int = 0
    filtered_events: int = 0
    known_products: int = 0
    catalogue_products: int = 0
    train: int = 0
    eval: int = 0
    ranker: int = 0
    test: int = 0

    def __add__(self, other: "EventCounts") -> "EventCounts":
        return EventCounts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


class SumCounts(beam.CombineFn):
    """Adds up `EventCounts`."""

    def create_accumulator(self) -> EventCounts:
        """Returns zeros."""
        return EventCounts()

    def add_input(self, accumulator: EventCounts, element: EventCounts) -> EventCounts:
        """Adds one."""
        return accumulator + element

    def merge_accumulators(self, accumulators: Iterable[EventCounts]) -> EventCounts:
        """Adds many."""
        return sum(accumulators, EventCounts())

    def extract_output(self, accumulator: EventCounts) -> EventCounts:
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


def write_counts(counts: EventCounts, moments: SplitMoments, uri: str) -> None:
    """Writes all that was counted, and where the periods begin, to `counts.json` under an artifact's uri."""
    values = {each.name: getattr(counts, each.name) for each in fields(counts)}
    with fileio.open(f"{uri}/counts.json", "w") as file:
        file.write(json.dumps({**values, "moments": list(moments)}, indent=1))


def read_counts(uri: str) -> tuple[EventCounts, SplitMoments]:
    """Reads what `write_counts` wrote."""
    with fileio.open(f"{uri}/counts.json", "r") as file:
        values = json.loads(file.read())
    moments = SplitMoments(*values.pop("moments"))
    values["strange_types"] = Counter(values["strange_types"])
    return EventCounts(**values), moments
