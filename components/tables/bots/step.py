"""The Beam transform that leaves out the events of bots, and those that lack the one before them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.counters import sum_counters
from components.tables.bots.acting import rows_of_bots, unfounded_rows
from components.tables.bots.options import BotOptions
from components.tables.contract import BASKET_ID, USER_ID
from components.tables.read_back import concatenated
from components.tables.reading.plain_columns import plain_columns
from components.tables.shaping.tallies import SET_ASIDE_KEY_PREFIX
from components.tables.user_buckets import buckets_of, split_by_bucket

ROWS, COUNTS = "rows", "counts"
_PRODUCT_ID, _TIMESTAMP, _EVENT_TYPE = "product_id", "timestamp", "event_type"
BOT_KEY, BOT_USERS = SET_ASIDE_KEY_PREFIX + "bot", "bot_users"
UNFOUNDED_KEY = SET_ASIDE_KEY_PREFIX + "unfounded"


class LeaveOutBots(beam.PTransform):
    """Reads good events and leaves out those of users who act as no person does, and those that lack another before.

    Rows travel as Arrow IPC streams through one GroupByKey; a worker holds a bucket of users at once.

    Args:
        good: Glob of the Parquet files of good rows, all with a timestamp.
        buckets: Into how many buckets users are dealt.
        options: Who is taken for a bot.
    """

    def __init__(self, good: str, *, buckets: int, options: BotOptions) -> None:
        super().__init__()
        self._good, self._buckets, self._options = good, buckets, options

    def expand(self, pipeline: beam.Pipeline) -> Any:  # Beam would take a dict for a hint about elements.
        """Adds the steps to a pipeline.

        Returns:
            `rows`: record batches of what is left, in the examples' columns; `counts`: one Counter of the events left
            out, `set_aside:bot` and `set_aside:unfounded`, and of `bot_users`.
        """
        left = (
            pipeline
            | "ReadGoodRows" >> beam.io.ReadFromParquetBatched(self._good)
            | "BucketRows" >> beam.FlatMap(_bucket_rows, self._buckets)
            | "BringTogether" >> beam.GroupByKey()
            | "LeaveOut" >> beam.ParDo(_LeaveOut(self._options)).with_outputs(COUNTS, main=ROWS)
        )
        return {
            ROWS: left[ROWS],
            COUNTS: left[COUNTS] | "AddUpCounts" >> beam.CombineGlobally(sum_counters),
        }


def describe_bots(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Says whose events were left out; nothing where nobody's were."""
    if not counts.get(BOT_USERS):
        return ()
    return (
        f"Users who act as programs do: {counts[BOT_USERS]:,}. Their {counts[BOT_KEY]:,} events are left out; `bots` "
        "in the configuration has the limits.",
    )


class _LeaveOut(beam.DoFn):
    """(bucket, Arrow IPC streams of its rows) to record batches of what is left."""

    def __init__(self, options: BotOptions) -> None:
        self._options = options

    def process(self, bucket: tuple[int, Any]) -> Iterator[Any]:
        """Handles one bucket; memory grows with its rows."""
        rows = concatenated(bucket[1])
        if rows is None:
            return
        plain = _plain(rows.select([USER_ID, _PRODUCT_ID, _TIMESTAMP, _EVENT_TYPE]))
        users, products = (_numbered(plain[name]) for name in (USER_ID, _PRODUCT_ID))
        seconds = pc.fill_null(plain[_TIMESTAMP], -1).to_numpy(zero_copy_only=False).astype(np.int64)
        bots = rows_of_bots(users, products, seconds, self._options)
        unfounded = np.zeros_like(bots)
        if self._options.only_after:
            types = np.array([name.decode() for name in plain[_EVENT_TYPE].to_pylist()], object)
            unfounded = ~bots & unfounded_rows(users, products, seconds, types, self._options.only_after)
        left_out = {BOT_KEY: bots.sum(), BOT_USERS: len(np.unique(users[bots])), UNFOUNDED_KEY: unfounded.sum()}
        yield beam.pvalue.TaggedOutput(COUNTS, Counter({name: int(count) for name, count in left_out.items() if count}))
        yield from rows.filter(pa.array(~(bots | unfounded))).combine_chunks().to_batches()


def _bucket_rows(rows: pa.Table, buckets: int) -> Iterator[tuple[int, bytes]]:
    if not len(rows):
        return
    plain = pa.Table.from_batches([_plain(rows.select([USER_ID, BASKET_ID]))])
    yield from split_by_bucket(rows, buckets_of(plain[USER_ID], plain[BASKET_ID], buckets))


def _plain(rows: pa.Table) -> pa.RecordBatch:
    """Returns rows, at least one, with single values in place of lists of one."""
    (batch,) = rows.combine_chunks().to_batches()
    return plain_columns(batch)


def _numbered(values: pa.Array) -> npt.NDArray[np.int64]:
    """Numbers the distinct values; -1 for none."""
    return pc.fill_null(values.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
