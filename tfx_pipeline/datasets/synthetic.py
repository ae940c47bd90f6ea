"""Writes the made-up shop of `synthetic_shop` as tables, by Beam."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq

from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows, product_rows, user_rows
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS

RowMaker = Callable[[SyntheticShop, int, int], pa.Table]


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes products, events and users of a shop of 2,000 products and 1,000 users, times `sample`.

    Args:
        out: Folder to write into.
        source: Not used; the shop is made up.
        sample: Scale: 0.1 makes 200 products and 100 users, 10 makes 20,000 and 10,000.
    """
    del source
    full = SyntheticShop()
    write_shop(
        out,
        SyntheticShop(products=max(8, round(full.products * sample)), users=max(4, round(full.users * sample))),
    )


def write_shop(
    out: Path, shop: SyntheticShop, *, rows_per_shard: int = 2_000, beam_args: Sequence[str] = LOCAL_BEAM_ARGS
) -> None:
    """Writes `products.parquet`, `events.parquet` and `users.parquet` of a shop.

    Beam makes shards of users and products; each worker holds one shard at a time. The shards are then
    strung together in order, one at a time, so the tables do not depend on the workers.

    Args:
        out: Folder to write into; it needs room for the tables twice.
        shop: The shop.
        rows_per_shard: Users or products of a shard.
        beam_args: Arguments of the Beam runner; its workers must see `out`.
    """
    tables: list[tuple[str, RowMaker, int]] = [
        ("products", product_rows, shop.products),
        ("events", event_rows, shop.accounts),
        ("users", user_rows, shop.users),
    ]
    shards = [
        (f"{out}/{name}-{start:010d}.shard", make_rows, start, min(start + rows_per_shard, count))
        for name, make_rows, count in tables
        for start in range(0, count, rows_per_shard)
    ]
    with beam.Pipeline(argv=list(beam_args)) as pipeline:
        _ = (
            pipeline
            | "ListShards" >> beam.Create(shards, reshuffle=False)
            | "SpreadShards" >> beam.Reshuffle()
            | "WriteShards" >> beam.ParDo(_WriteShard(shop))
        )
    for name, _make_rows, _count in tables:
        _string_together(out / f"{name}.parquet", sorted(out.glob(f"{name}-*.shard")))


class _WriteShard(beam.DoFn):
    """(path, row maker, start, end) to a Parquet file; writing it twice leaves the same file."""

    def __init__(self, shop: SyntheticShop) -> None:
        self._shop = shop

    def process(self, shard: tuple[str, RowMaker, int, int]) -> Iterator[str]:
        path, make_rows, start, end = shard
        pq.write_table(make_rows(self._shop, start, end), path)
        yield path


def _string_together(file: Path, shards: Sequence[Path]) -> None:
    with pq.ParquetWriter(file, pq.read_schema(shards[0])) as writer:
        for shard in shards:
            writer.write_table(pq.read_table(shard))
            shard.unlink()
