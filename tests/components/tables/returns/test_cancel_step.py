"""Buckets of users give what the whole table gives."""

from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.util import assert_that, equal_to

from components.tables.contract import TABLES
from components.tables.returns.cancel_step import COUNTS, LINES, ROWS, CancelPurchases
from components.tables.returns.cancelling import cancel_purchases
from components.tables.returns.return_rows import RETURNS_SCHEMA
from components.tables.validation import examples_schema
from tests.components.tables.table_runs import beam_context

SCHEMA = examples_schema(TABLES["events"].columns)


def events(rows: int, seed: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [
        {
            "user_id": None if random.uniform() < 0.1 else f"user {random.integers(12)}".encode(),
            "product_id": f"p{random.integers(4)}".encode(),
            "event_type": b"view" if random.uniform() < 0.1 else b"purchase",
            "timestamp": place,
            "basket_id": f"{'C' if random.uniform() < 0.05 else ''}{place // 3}".encode(),
            "quantity": None if random.uniform() < 0.2 else float(random.integers(1, 4)),
        }
        for place in range(rows)
    ]


def listed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if row.get(name) is None else [row[name]] for name in SCHEMA.names}


@pytest.mark.parametrize("buckets", [1, 5])
def test_each_bucket_settles_its_own_users(tmp_path: Path, buckets: int) -> None:
    rows = events(400, seed=0)
    returned = [
        {"user_id": row["user_id"], "product_id": row["product_id"], "time": row["timestamp"] + 9, "quantity": 2.0}
        for row in rows[::11]
    ]
    for part in range(3):
        pq.write_table(pa.Table.from_pylist([listed(row) for row in rows[part::3]], SCHEMA), tmp_path / f"data-{part}")
        pq.write_table(pa.Table.from_pylist(returned[part::3], RETURNS_SCHEMA), tmp_path / f"back-{part}")
    types = {name: SCHEMA.field(name).type.value_type for name in SCHEMA.names}
    plain = pa.table({name: pa.array([row.get(name) for row in rows], types[name]) for name in SCHEMA.names})
    whole = cancel_purchases(plain, pa.Table.from_pylist(returned, RETURNS_SCHEMA), ("purchase",), baskets_cancel=True)
    left = [
        (row["timestamp"], float(after) if lowered else row["quantity"])
        for row, after, lowered, kept in zip(rows, whole.left, whole.lowered, whole.kept, strict=True)
        if kept
    ]
    of_guests = sum(row["user_id"] is None for row, back in zip(rows, whole.gives_back, strict=True) if back)
    counts = {
        "set_aside:return": int(whole.gives_back.sum()),
        "guests:return": of_guests,
        "set_aside:cancelled": int(whole.gone.sum()),
        "lowered": int(whole.lowered.sum()),
        "unmatched": whole.unmatched,
    }
    assert min(counts.values()) > 0
    with beam.Pipeline(argv=beam_context(tmp_path).beam_pipeline_args) as pipeline:
        settled = pipeline | CancelPurchases(
            f"{tmp_path}/data-*",
            f"{tmp_path}/back-*",
            buckets=buckets,
            bought_event_types=("purchase",),
            baskets_cancel=True,
            user_id_key="key",
        )
        found = settled[ROWS] | beam.FlatMap(
            lambda batch: [(row["timestamp"][0], row["quantity"] and row["quantity"][0]) for row in batch.to_pylist()]
        )
        assert_that(found, equal_to(left), label="Rows")
        assert_that(settled[COUNTS] | beam.Map(dict), equal_to([counts]), label="Counts")
        lines = settled[LINES] | beam.combiners.Count.Globally()
        assert_that(lines, equal_to([counts["set_aside:return"] + counts["set_aside:cancelled"]]), label="Lines")
