"""Complete Journey's promotions: which products were displayed or advertised, by week and by share of the stores."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.graph.time_units import DAY_SECONDS

# Week 1 of the source begins on this Monday, 2016-12-26, in Unix seconds.
_FIRST_WEEK = 1_482_710_400
_WEEK_SECONDS = 7 * DAY_SECONDS
_NOWHERE = "0"
# Promotions of products that are hardly bought are many, and teach next to nothing.
_LEAST_BOUGHT = 100
_BATCH_ROWS = 1 << 20


def write_promotions(source: Path, out: Path, bought: pa.ChunkedArray) -> None:
    """Writes a row for each product, week and placement (display or mailer), of products bought at least 100 times.

    `share` is the share of the stores that have it. The source has a row a store; a batch of them is
    in memory at a time.

    Args:
        source: The package's `promotions.parquet`.
        out: File to write.
        bought: Product of each line of all transactions, int64.
    """
    counts = pc.value_counts(bought).flatten()
    often = counts[0].filter(pc.greater_equal(counts[1], _LEAST_BOUGHT))
    parts, stores = [], pa.array([], pa.int64())
    for batch in pq.ParquetFile(source).iter_batches(_BATCH_ROWS):
        stores = pc.unique(pa.chunked_array([stores, batch["store_id"]]))
        kept = pa.table(batch).filter(pc.is_in(batch["product_id"], value_set=often))
        placed = {
            name: pc.not_equal(kept[f"{name}_location"], _NOWHERE).cast(pa.int64()) for name in ("display", "mailer")
        }
        parts.append(_added(pa.table({"product_id": kept["product_id"], "week": kept["week"], **placed}), ""))
    both = _added(pa.concat_tables(parts), "_sum")
    tables = []
    for name in ("display", "mailer"):
        own = both.filter(pc.greater(both[f"{name}_sum"], 0))
        start = _FIRST_WEEK + (own["week"].to_numpy() - 1) * _WEEK_SECONDS
        tables.append(
            pa.table(
                {
                    "product_id": own["product_id"].cast(pa.string()),
                    "start": start,
                    "end": start + _WEEK_SECONDS,
                    "placement": pa.array(np.full(len(own), name)),
                    "share": pc.divide(own[f"{name}_sum"].cast(pa.float32()), float(len(stores))).cast(pa.float32()),
                }
            )
        )
    pq.write_table(pa.concat_tables(tables).sort_by([("product_id", "ascending"), ("start", "ascending")]), out)


def _added(table: pa.Table, suffix: str) -> pa.Table:
    names = [f"display{suffix}", f"mailer{suffix}"]
    added = table.group_by(["product_id", "week"]).aggregate([(name, "sum") for name in names])
    return added.select(["product_id", "week", *(f"{name}_sum" for name in names)]).rename_columns(
        ["product_id", "week", "display_sum", "mailer_sum"]
    )
