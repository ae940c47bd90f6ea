"""Columns that are filled in the first row of a group alone."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from components.tables.reading.source_batch import BrokenRow, SourceBatch
from components.tables.shaping.fill_down import fill_down

COLUMNS = ("order", "email")


def _batch(rows: Sequence[tuple[object, object]], first: int = 1, broken: Sequence[int] = ()) -> SourceBatch:
    places = [place for place in range(first, first + len(rows) + len(broken)) if place not in broken]
    return SourceBatch(
        path="orders.csv",
        file_index=0,
        unit="line",
        places=pa.array(places, pa.int64()),
        batch=pa.RecordBatch.from_pylist([{"order": order, "sku": "x", "email": email} for order, email in rows]),
        broken=tuple(BrokenRow(place=place, reason="broken", detail="", row={}) for place in broken),
    )


def _filled(*batches: SourceBatch) -> list[tuple[object, object]]:
    rows = [row for batch in fill_down(batches, COLUMNS) for row in batch.batch.to_pylist()]
    assert {row["sku"] for row in rows} == {"x"}
    return [(row["order"], row["email"]) for row in rows]


@pytest.mark.parametrize("nothing", [None, ""])
def test_rows_below_take_what_the_first_row_has(nothing: str | None) -> None:
    rows = [("1", "a@x"), (nothing, nothing), ("2", "b@x"), (nothing, nothing), (nothing, nothing)]
    assert _filled(_batch(rows)) == [("1", "a@x")] * 2 + [("2", "b@x")] * 3


def test_an_order_without_a_customer_does_not_get_the_one_before() -> None:
    rows = [("1", "a@x"), ("1", None), ("2", None), ("2", None), (None, None), ("3", "c@x"), ("3", "c@x")]
    expected = [("1", "a@x")] * 2 + [("2", None)] * 3 + [("3", "c@x")] * 2
    assert _filled(_batch(rows)) == expected


def test_rows_before_the_first_group_stay_as_they_are() -> None:
    assert _filled(_batch([(None, None), ("1", "a@x")])) == [(None, None), ("1", "a@x")]


@pytest.mark.parametrize("cut", range(7))
def test_batches_do_not_matter(cut: int) -> None:
    rows = [("1", "a@x"), (None, None), (None, None), ("2", None), (None, None), ("3", "c@x")]
    batches = [_batch(rows[:cut]), _batch(rows[cut:], cut + 1)]
    texts = [pa.large_string()] * 3
    schema = pa.schema(list(zip(("order", "sku", "email"), texts, strict=True)))
    even = [_replaced(batch, batch.batch.cast(schema)) for batch in batches if batch.batch.num_rows]
    assert _filled(*even) == _filled(_batch(rows))


def test_after_a_row_that_could_not_be_read_nothing_is_known() -> None:
    rows = [("1", "a@x"), (None, None), (None, None), ("2", "b@x"), (None, None)]
    assert _filled(_batch(rows, broken=[3])) == [("1", "a@x"), ("1", "a@x"), (None, None), ("2", "b@x"), ("2", "b@x")]
    last = [_batch([("1", "a@x")], broken=[2]), _batch([(None, None), ("2", "b@x")], 3)]
    assert _filled(*last) == [("1", "a@x"), (None, None), ("2", "b@x")]


def test_types_that_change_between_batches() -> None:
    numbers, texts = _batch([(1, "a@x"), (None, None)]), _batch([(None, None), ("B2", "b@x")], 3)
    assert _filled(numbers, texts) == [(1, "a@x"), (1, "a@x"), ("1", "a@x"), ("B2", "b@x")]


def _replaced(source: SourceBatch, batch: pa.RecordBatch) -> SourceBatch:
    return SourceBatch(path=source.path, file_index=0, unit="line", places=source.places, batch=batch)
