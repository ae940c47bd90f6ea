"""Columns with lists and objects: told from texts, and read item by item whatever stands in them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from components.errors import InputError
from tests.tfx_pipeline.init.exports import csv_text, write_jsonl
from tfx_pipeline.init.files.reading import read_samples
from tfx_pipeline.init.proposing import propose
from tfx_pipeline.init.questions import BestGuess
from tfx_pipeline.init.sample import Sample


def _sample(values: list[Any]) -> Sample:
    return Sample(path="a.csv", rows=pa.table({"a": values}))


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        (["[Sale] Tea 0", "Tea 1", "Tea 2"], False),
        (["[Sale] Tea 0", "[Sale] Tea 1"], False),
        (["{brand} tea"], False),
        (["[1, 2]", "[]", "[Sale] Tea"], True),
        (['{"id": 1}', None, ""], True),
        (["[" * 100_000], False),
        ([[1], [2]], True),
        ([None, ""], False),
    ],
)
def test_lists_are_told_by_what_most_values_are(values: list[Any], listed: bool) -> None:
    assert _sample(values).is_listed("a") is listed


def test_titles_in_brackets_keep_the_catalogue(tmp_path: Path) -> None:
    titles = [f"{'[Sale] ' if number == 0 else ''}Tea number {number}" for number in range(40)]
    products = [{"product_id": f"p{number}", "title": title, "price": 2.5} for number, title in enumerate(titles)]
    events = [
        {
            "user_id": f"u{number % 30}",
            "product_id": f"p{number % 40}",
            "event_type": "purchase",
            "timestamp": 1_700_000_000 + number,
        }
        for number in range(400)
    ]
    (tmp_path / "products.csv").write_text(csv_text(products))
    (tmp_path / "events.csv").write_text(csv_text(events))
    (found,) = propose([str(tmp_path)], BestGuess()).of_table("products")
    title = found.column("title")
    assert title is not None
    assert title.theirs == "title"


def _events(items: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "event_name": "view_item",
            "event_timestamp": 1_700_000_000_000_000 + number * 86_400_000_000,
            "user_pseudo_id": f"u{number % 7}",
            "items": items[number % len(items)],
        }
        for number in range(60)
    ]


@pytest.mark.parametrize(
    "items",
    [
        [[{"item_name": "Tea"}], []],
        [[]],
        [["p1"]],
        [[None]],
        ["none"],
    ],
)
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_items_without_a_product_are_one_message(tmp_path: Path, items: list[Any], kind: str) -> None:
    if kind == "jsonl":
        write_jsonl(tmp_path / "events.jsonl", _events(items))
    else:
        rows = [
            {**row, "items": json.dumps(row["items"])[: 1 if row["items"] == "none" else None]}
            for row in _events(items)
        ]
        (tmp_path / "events.csv").write_text(csv_text(rows))
    with pytest.raises(InputError, match=r"events\.(jsonl|csv): expected lists of items in `items`.*`items\.item_id`"):
        propose([str(tmp_path)], BestGuess())


def test_items_that_are_none_are_passed_over(tmp_path: Path) -> None:
    items = [[None, {"item_id": "p1", "item_name": "Tea"}], [{"item_id": "p2", "item_name": "Pot"}], None, ["p3"]]
    write_jsonl(tmp_path / "events.jsonl", _events(items))
    (sample,) = read_samples([str(tmp_path)], BestGuess())
    exploded = sample.exploded("items")
    assert exploded.rows["items.item_id"].to_pylist() == [None, "p1", "p2", None] * 15
    proposal = propose([str(tmp_path)], BestGuess())
    assert {source.table for source in proposal.sources} == {"events", "products"}
