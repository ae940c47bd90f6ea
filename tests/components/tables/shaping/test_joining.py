"""Joins against a dictionary, whatever the types and the number of buckets."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from components.errors import InputError
from components.tables.files.raw_column import RawColumn
from components.tables.notes.counted_examples import example_key
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping.joining import JOINED, ROWS, JoinedRows, JoinFiles, join_in_memory, joined_keys
from components.tables.shaping.plan import JoinPlan
from components.tables.sources import Join
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS


def _plan(buckets: int = 1, **keys: str) -> JoinPlan:
    return JoinPlan(
        join=Join(path="orders.csv", on=keys or {"order": "order"}),
        files=(),
        keys=tuple((keys or {"order": "order"}).items()),
        columns=(RawColumn(name="user", kind="string"),),
        buckets=buckets,
    )


def _source(rows: Sequence[Any], **types: pa.DataType) -> SourceBatch:
    schema = pa.schema([(name, types.get(name, pa.large_string())) for name in rows[0]])
    return SourceBatch(
        path="items.csv",
        file_index=0,
        unit="line",
        places=pa.array(range(2, len(rows) + 2), pa.int64()),
        batch=pa.RecordBatch.from_pylist(list(rows), schema),
    )


@pytest.mark.parametrize("buckets", [1, 3])
def test_rows_take_over_what_their_key_says(buckets: int, tmp_path: Any) -> None:
    drawn = random.Random(1)
    users = {str(order): f"u{drawn.randrange(9)}" for order in range(40)}
    items = [{"order": str(drawn.randrange(60)), "sku": str(sku)} for sku in range(200)] + [{"order": None, "sku": "x"}]
    rows = [_source(items[:100]), _source(items[100:])]
    joined = [_source([{"order": order, "user": user} for order, user in users.items()])]
    expected = sorted((row["sku"], row["order"], users.get(str(row["order"]))) for row in items)
    missed = sum(str(row["order"]) not in users for row in items) - 1  # The last one has no key.

    found: list[SourceBatch] = []
    with beam.Pipeline(options=PipelineOptions(LOCAL_BEAM_ARGS)) as pipeline:
        both = {
            ROWS: pipeline | "MakeRows" >> beam.Create(rows),
            JOINED: pipeline | "MakeJoined" >> beam.Create(joined),
        }
        batches = both | JoinFiles("events", _plan(buckets), (0, 1))
        _ = batches | beam.combiners.ToList() | beam.Map(_write, path=str(tmp_path / "found.parquet"))
    table = pa.parquet.read_table(tmp_path / "found.parquet").to_pylist()
    assert sorted((row["sku"], row["order"], row["user"]) for row in table) == expected
    assert {(row["rows"], row["missed"]) for row in table} == {(len(items), missed)}

    found = list(join_in_memory("events", _plan(), (0, 1), rows, joined))
    assert (
        sorted((row["sku"], row["order"], row["user"]) for part in found for row in part.batch.to_pylist()) == expected
    )
    assert [part.places for part in found] == [part.places for part in rows]


def _write(parts: list[SourceBatch], path: str) -> None:
    counts = sum((part.counts for part in parts), Counter[str]())
    table = pa.Table.from_batches([part.batch for part in parts])
    for what in ("rows", "missed"):
        table = table.append_column(what, pa.array([counts[f"join:0:1:{what}"]] * table.num_rows))
    pa.parquet.write_table(table, path)


@pytest.mark.parametrize("data_type", [pa.int64(), pa.float64(), pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_keys_of_other_types_meet(data_type: pa.DataType) -> None:
    number = pa.types.is_integer(data_type) or pa.types.is_floating(data_type)
    rows = _source([{"order": 7 if number else "7"}, {"order": None}], order=data_type)
    joined = JoinedRows("events", _plan(), [_source([{"order": " 7 ", "user": "u"}])], (0, 1))
    assert joined.join(rows).batch.column("user").to_pylist() == ["u", None]


def test_keys_of_several_columns_do_not_run_into_each_other() -> None:
    rows = _source([{"a": "x", "b": "yz"}, {"a": "xy", "b": "z"}, {"a": None, "b": "z"}, {"a": "1:x", "b": "y"}])
    keys = joined_keys(rows.batch, ["a", "b"]).to_pylist()
    assert len(set(keys)) == 4
    assert keys[2] is None


def test_what_was_missed_is_counted_with_examples() -> None:
    rows = _source([{"order": "A1"}, {"order": "A1"}, {"order": "A2"}, {"order": None}, {"order": "3"}])
    joined = JoinedRows("events", _plan(), [_source([{"order": key, "user": "u"} for key in ("1", "2", "3")])], (2, 1))
    counts = joined.join(rows).counts + joined.rest()
    assert counts == Counter(
        {
            "join:2:1:rows": 5,
            "join:2:1:keyless": 1,
            "join:2:1:missed": 3,
            example_key("join:2:1:missed_key", "A1"): 1,
            example_key("join:2:1:missed_key", "A2"): 1,
            example_key("join:2:1:unused_key", "1"): 1,
            example_key("join:2:1:unused_key", "2"): 1,
        }
    )


def test_a_key_that_is_there_twice() -> None:
    same = [{"order": "1", "user": "u"}, {"order": "1", "user": "u"}, {"order": None, "user": "v"}]
    joined = JoinedRows("events", _plan(), [_source(same)], (0, 1))
    assert joined.join(_source([{"order": "1"}])).batch.to_pylist() == [{"order": "1", "user": "u"}]
    other = [*same, {"order": "1", "user": "w"}]
    with pytest.raises(
        InputError, match=r"`orders\.csv` has the key `1` of `order` more than once, with `user` 'u' and 'w'"
    ):
        JoinedRows("events", _plan(), [_source(other)], (0, 1))


def test_a_column_of_the_first_file_is_replaced_where_the_join_names_it() -> None:
    joined = JoinedRows("events", _plan(order="id"), [_source([{"id": "1", "user": "new"}])], (0, 1))
    assert joined.join(_source([{"order": "1", "user": "old"}])).batch.to_pylist() == [{"order": "1", "user": "new"}]


def test_two_rows_of_a_key_that_both_have_no_number() -> None:
    same: list[dict[str, Any]] = [{"order": "1", "user": float("nan")}, {"order": "1", "user": float("nan")}]
    batch = pa.RecordBatch.from_pylist([*same, {"order": "1", "user": None}, {"order": "2", "user": 3.0}])
    source = replace(_source([{"order": "1"}] * 4), batch=batch)
    joined = JoinedRows("events", _plan(), [source], (0, 1))
    assert joined.join(_source([{"order": "2"}])).batch.column("user").to_pylist() == [3.0]
