"""Which tasks are proposed, by what the tables hold."""

from typing import Any

import pyarrow as pa
import pytest

from tfx_pipeline.init.proposal import Proposal
from tfx_pipeline.init.proposing import propose_tables
from tfx_pipeline.init.questions import BestGuess
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.tasks import guess_tasks
from tfx_pipeline.tasks.registry import TASKS


def events(users: int, days: int, products: int = 60, rows: int = 4_000, **columns: Any) -> Sample:
    """Events of so many users over so many days."""
    start = 1_700_000_000
    table: dict[str, Any] = {
        "user_id": [f"u{number % users}" for number in range(rows)],
        "product_id": [f"p{number % products}" for number in range(rows)],
        "event_type": ["purchase"] * rows,
        "timestamp": [start + days * 86_400 * number // rows for number in range(rows)],
        "price": ["2.50"] * rows,
    } | columns
    table = {name: values for name, values in table.items() if values is not None}
    return Sample(path="events.csv", rows=pa.table(table), label="events.csv")


def catalogue(products: int = 60, titles: int = 60) -> Sample:
    rows = {
        "product_id": [f"p{number}" for number in range(products)],
        "title": [f"Tea {number % titles}" for number in range(products)],
    }
    return Sample(path="products.csv", rows=pa.table(rows), label="products.csv")


def proposed(*samples: Sample) -> dict[str, Any]:
    proposal: Proposal = propose_tables(samples, BestGuess())
    tasks = guess_tasks(proposal, has_titles=proposal.has("products", "title"))
    assert list(tasks) == sorted(TASKS, key=list(tasks).index)
    return {name: task.options for name, task in tasks.items() if task.runs}


def offered(*samples: Sample) -> list[str]:
    proposal = propose_tables(samples, BestGuess())
    tasks = guess_tasks(proposal, has_titles=proposal.has("products", "title"))
    return [name for name, task in tasks.items() if task.options is not None and not task.runs]


def test_a_shop_with_everything() -> None:
    assert list(proposed(events(400, 300), catalogue())) == ["recommendation", "search"]
    assert offered(events(400, 300), catalogue()) == ["segmentation", "demand"]


def test_who_knows_the_stock_wants_to_know_what_to_order() -> None:
    rows = pa.table({"product_id": ["p1", "p2"], "on_hand": [3, 4]})
    stock = Sample(path="stock.csv", rows=rows, label="stock.csv")
    assert list(proposed(events(400, 300), catalogue(), stock)) == ["recommendation", "search", "demand"]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ((events(400, 300),), ["recommendation"]),
        ((events(400, 200), catalogue()), ["recommendation", "search"]),
        ((events(200, 300), catalogue()), ["recommendation", "search"]),
        ((events(400, 300, price=None), catalogue()), ["recommendation", "search"]),
        ((events(400, 300), catalogue(titles=20)), ["recommendation"]),
        ((events(19, 300), catalogue()), ["search"]),
        ((catalogue(),), ["search"]),
    ],
)
def test_what_is_missing_takes_a_task_away(samples: tuple[Sample, ...], expected: list[str]) -> None:
    assert list(proposed(*samples)) == expected


@pytest.mark.parametrize("shop", [events(400, 200), events(200, 300), events(400, 300, price=None)])
def test_segments_need_a_year_or_so_of_users_and_prices(shop: Sample) -> None:
    assert "segmentation" not in offered(shop, catalogue())


@pytest.mark.parametrize(("days", "expected"), [(260, []), (270, ["demand"])])
def test_demand_needs_weeks_to_look_back_on_to_learn_and_to_test(days: int, expected: list[str]) -> None:
    assert offered(events(200, days)) == expected


def test_events_with_places_and_no_times_are_split_by_place() -> None:
    rows = 2_000
    placed = events(100, 1, rows=rows, timestamp=None, position=[number // 100 for number in range(rows)])
    assert proposed(placed)["recommendation"] == {"split": {"method": "leave_last_out"}}


def test_products_that_are_seldom_seen_are_left_out_where_there_are_many_others() -> None:
    assert "min_product_events" not in proposed(events(400, 300, products=1_100, rows=12_000))["recommendation"]
    assert proposed(events(400, 300, products=1_100, rows=24_000))["recommendation"]["min_product_events"] == 5


def test_texts_with_labels_are_classified() -> None:
    rows = {
        "text": [f"Where is my parcel number {number}?" for number in range(300)],
        "label": [("track", "refund")[number % 2] for number in range(300)],
    }
    assert list(proposed(Sample(path="t.csv", rows=pa.table(rows), label="t.csv"))) == ["classification"]


def shown(rows: int = 600, campaigns: int = 3) -> Sample:
    table = {
        "customer_id": [f"u{number % 40}" for number in range(rows)],
        "offer_id": [f"o{number % 4}" for number in range(rows)],
        "campaign": [f"c{number % campaigns}" for number in range(rows)],
        "sent_at": [1_700_000_000 + 3_600 * number for number in range(rows)],
        "opened": [int(number % 3 == 0) for number in range(rows)],
        "redeemed": [int(number % 9 == 0) for number in range(rows)],
    }
    return Sample(path="mailing.csv", rows=pa.table(table), label="mailing.csv")


def test_what_was_shown_is_learned_from_where_it_is_known_what_it_says() -> None:
    texts = pa.table({"offer_id": [f"o{number}" for number in range(4)], "text": ["Tea at half price"] * 4})
    said = Sample(path="offers.csv", rows=texts, label="offers.csv")
    assert proposed(shown(), said) == {"response": {"outcomes": ["opened", "redeemed"]}}
    assert proposed(shown(campaigns=1), said)["response"]["split"] == {"method": "random"}
    assert proposed(shown(rows=90), said) == {}
    assert proposed(shown(), catalogue()) == {"search": {}}
