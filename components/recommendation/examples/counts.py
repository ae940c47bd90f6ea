"""What is counted of users, products and examples, on the way to recommendation's examples."""

from dataclasses import dataclass
from typing import NamedTuple

from components.events.counts import Counts, EventCounts, read_event_counts
from components.events.moments import SplitMoments
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE


@dataclass(kw_only=True)
class ExampleCounts(Counts):
    """What was counted beside the events that were read.

    Attributes:
        users: Distinct users.
        events_before_validation: Events of any known product in the training period.
        events_after_test_start: Events of any known product in the test period.
        filtered_events: Events of products that `min_product_events` keeps out.
        known_products: Products of the products table, or those in events where there is none.
        catalogue_products: Those of them in the catalogue.
        products_without_events: Those of them that no good row of events names.
        train: Training examples.
        eval: Evaluation examples.
        ranker: Examples that the ranker learns from.
        test: Test examples.
    """

    users: int = 0
    events_before_validation: int = 0
    events_after_test_start: int = 0
    filtered_events: int = 0
    known_products: int = 0
    catalogue_products: int = 0
    products_without_events: int = 0
    train: int = 0
    eval: int = 0
    ranker: int = 0
    test: int = 0


class Counted(NamedTuple):
    """All that was counted, and where the periods begin."""

    events: EventCounts
    examples: ExampleCounts
    moments: SplitMoments


def write_example_counts(counts: ExampleCounts, moments: SplitMoments, uri: str) -> None:
    """Writes counts and moments under an artifact's uri."""
    write_json(f"{uri}/{EXAMPLE_COUNTS_FILE}", {"counts": counts.values(), "moments": list(moments)})


def read_counted(uri: str) -> Counted:
    """Reads what `write_example_counts` and `write_event_counts` wrote under an artifact's uri."""
    values = read_json(f"{uri}/{EXAMPLE_COUNTS_FILE}")
    return Counted(read_event_counts(uri), ExampleCounts(**values["counts"]), SplitMoments(*values["moments"]))
