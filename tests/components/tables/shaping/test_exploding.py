"""Lists of items, as JSON and as Parquet hold them."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from components.tables.files.raw_column import RawColumn
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping import exploding
from components.tables.shaping.exploding import explode

ITEMS = (
    RawColumn(name="items.id", kind="string"),
    RawColumn(name="items.price", kind="float"),
    RawColumn(name="items.shop.name", kind="string"),
)
ROWS: list[dict[str, Any]] = [
    {"user": "a", "items": [{"id": "1", "price": 2.5, "shop": {"name": "web"}}, {"id": "2", "price": None}]},
    {"user": "b", "items": []},
    {"user": "c", "items": None},
    {"user": "d", "items": [{"id": "3", "price": 1.0, "shop": {"name": "till"}}]},
]
EXPLODED = [
    {"user": "a", "items.id": "1", "items.price": 2.5, "items.shop.name": "web"},
    {"user": "a", "items.id": "2", "items.price": None, "items.shop.name": None},
    {"user": "d", "items.id": "3", "items.price": 1.0, "items.shop.name": "till"},
]


def _source(batch: pa.RecordBatch) -> SourceBatch:
    places = pa.array(range(1, batch.num_rows + 1), pa.int64())
    return SourceBatch(path="e", file_index=0, unit="line", places=places, batch=batch)


def _as_texts(rows: Sequence[Any]) -> pa.RecordBatch:
    texts = [
        row | {"items": row["items"] if isinstance(row["items"], str) else json.dumps(row["items"])} for row in rows
    ]
    return pa.RecordBatch.from_pylist(texts)


@pytest.mark.parametrize("batch", [pa.RecordBatch.from_pylist(ROWS), _as_texts(ROWS)], ids=["lists", "texts"])
def test_each_item_is_a_row(batch: pa.RecordBatch) -> None:
    (found,) = explode(_source(batch), "items", ITEMS)
    assert found.batch.to_pylist() == EXPLODED
    assert found.places.to_pylist() == [1, 1, 4]
    assert found.counts == Counter({"set_aside:empty_list": 2})
    assert found.broken == ()


def test_texts_that_are_no_list() -> None:
    rows = [
        {"user": str(place), "items": text} for place, text in enumerate(["[{'id': 1}]", "7", "", '{"id": 8}', "null"])
    ]
    (found,) = explode(_source(_as_texts(rows)), "items", ITEMS[:1])
    assert found.batch.to_pylist() == [{"user": "3", "items.id": "8"}]
    assert [(row.place, row.reason) for row in found.broken] == [(1, "items_not_a_list"), (2, "items_not_a_list")]
    assert found.broken[1].row == {"user": "1", "items": "7"}
    assert found.counts == Counter({"set_aside:empty_list": 2})


@pytest.mark.parametrize("texts", [False, True])
def test_items_that_are_plain_values(texts: bool) -> None:
    rows = [{"user": "a", "items": ["x", "y"]}, {"user": "b", "items": ["z"]}]
    batch = _as_texts(rows) if texts else pa.RecordBatch.from_pylist(rows)
    (found,) = explode(_source(batch), "items", [RawColumn(name="items", kind="string")])
    assert found.batch.to_pylist() == [
        {"user": "a", "items": "x"},
        {"user": "a", "items": "y"},
        {"user": "b", "items": "z"},
    ]


def test_many_items_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploding, "ROWS_PER_BATCH", 2)
    rows = [{"user": "a", "items": [{"id": str(number)} for number in range(5)]}, {"user": "b", "items": []}]
    found = list(explode(_source(_as_texts(rows)), "items", ITEMS[:1]))
    assert [batch.batch.num_rows for batch in found] == [2, 2, 1]
    assert [row["items.id"] for batch in found for row in batch.batch.to_pylist()] == ["0", "1", "2", "3", "4"]
    assert sum((batch.counts for batch in found), Counter()) == Counter({"set_aside:empty_list": 1})


def test_an_object_alone_in_parquet_is_a_list_of_one() -> None:
    batch = pa.RecordBatch.from_pylist([{"user": "a", "items": {"id": "1"}}, {"user": "b", "items": None}])
    (found,) = explode(_source(batch), "items", ITEMS[:1])
    assert found.batch.to_pylist() == [{"user": "a", "items.id": "1"}]
    assert found.counts == Counter({"set_aside:empty_list": 1})
