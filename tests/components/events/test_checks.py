"""Events that cannot be used are refused with what is wrong with them."""

from collections import Counter
from pathlib import Path

import pytest

from components.errors import InputError
from components.events.checks import check_events, quarantine_counts
from components.events.counts import EventCounts, read_event_counts, write_event_counts
from components.events.options import EventOptions
from components.tables.quarantine import UNKNOWN_PRODUCT, QuarantineCounts, quarantine_line
from components.tables.read_back import table_files
from tests.components.tables.plain_artifacts import table_artifact

OPTIONS = EventOptions(event_types=("view",), max_unknown_product_fraction=0.2, user_id_key=None)


def _but(**changes) -> EventCounts:
    return EventCounts(**{"events": 8, **changes})


@pytest.fixture
def places(tmp_path: Path):
    """A quarantine with events of unknown products, and a products table."""
    ids = ["9", "1", "line\nbreak", "10", "1"]
    refused = [(UNKNOWN_PRODUCT, each) for each in ids] + [("missing_user_id", "0")]
    lines = (quarantine_line("events", reason, "", {"product_id": each}, None) for reason, each in refused)
    (tmp_path / "quarantine-0.jsonl").write_text("".join(f"{line}\n" for line in lines))
    products = table_artifact(tmp_path / "products", [{"product_id": f"P-{number}"} for number in (3, 1)], files=1)
    return {"quarantine_uri": str(tmp_path), "product_paths": table_files(products)}


def test_good_events_are_good(places):
    check_events(_but(), OPTIONS, **places)
    check_events(_but(unknown_product_events=1), OPTIONS, **places)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (_but(events_without_time=2), "2 of 8 rows lack the timestamp or position"),
        (_but(strange_types=Counter(buy=3, look=4)), r"without a weight: `look` \(4\), `buy` \(3\). Name each under"),
        (
            _but(unknown_product_events=2),
            r"2 of 8 rows \(25.0%\) name a product_id that table `products` lacks; 20.0% may. Unknown are `1`, `10`, "
            "`9`; table `products` has `P-1`, `P-3`. Check that both write ids alike",
        ),
    ],
)
def test_events_that_cannot_be_used(counts, message, places):
    with pytest.raises(InputError, match=message):
        check_events(counts, OPTIONS, **places)


def test_counts_add_up_and_come_back_from_their_file(tmp_path: Path):
    total = _but(strange_types=Counter(a=1)) + _but(strange_types=Counter(a=2, b=1))
    assert total == EventCounts(events=16, strange_types=Counter(a=3, b=1))
    write_event_counts(total, str(tmp_path))
    assert read_event_counts(str(tmp_path)) == total


def test_only_reasons_with_rows_are_counted_as_bad():
    assert quarantine_counts(_but()) == QuarantineCounts(table="events", rows=8, good=8, bad={})
    bad = {"unknown_product": 3}
    assert quarantine_counts(_but(unknown_product_events=3)) == QuarantineCounts(
        table="events", rows=8, good=5, bad=bad
    )
    assert quarantine_counts(_but(), ["Said."]).notes == ("Said.",)
