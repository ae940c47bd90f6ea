"""The Beam transform that brings returns and good rows together, and lets the ones cancel the others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.counters import sum_counters
from components.tables.contract import BASKET_ID, USER_ID
from components.tables.quarantine import quarantine_line
from components.tables.read_back import concatenated
from components.tables.reading.plain_columns import plain_columns
from components.tables.returns.cancelling import Cancelled, cancel_purchases
from components.tables.returns.order_counts import (
    CANCELLED,
    CANCELLED_KEY,
    GUESTS_RETURN,
    LOWERED,
    RETURN,
    RETURN_KEY,
    UNMATCHED,
)
from components.tables.returns.return_rows import RETURNS_SCHEMA
from components.tables.user_buckets import buckets_of, split_by_bucket

ROWS, LINES, COUNTS = "rows", "lines", "counts"
_RETURNED = "returned"
_TABLE = "events"
_ALL_GONE = "given back later, all of it"
_OF_CANCELLATION = "its basket_id is C and a number, where those of most others are numbers: a cancellation"


class CancelPurchases(beam.PTransform):
    """Takes from purchases what was given back later.

    Rows travel as Arrow IPC streams through one CoGroupByKey; a worker holds a bucket of users at once.

    Args:
        good: Glob of the Parquet files of good rows.
        returned: Glob of Parquet files with `RETURNS_SCHEMA`.
        buckets: Into how many buckets users are dealt.
        bought_event_types: The event types that are purchases.
        baskets_cancel: Whether a good row whose basket_id is C and digits gives something back too.
        user_id_key: Key of the hash that stands for a user id in the quarantine; None writes user ids plainly.
    """

    def __init__(
        self,
        good: str,
        returned: str,
        *,
        buckets: int,
        bought_event_types: tuple[str, ...],
        baskets_cancel: bool,
        user_id_key: str | None,
    ) -> None:
        super().__init__()
        self._good, self._returned = good, returned
        self._buckets = buckets
        self._cancelling = _Cancel(bought_event_types, baskets_cancel=baskets_cancel, user_id_key=user_id_key)

    def expand(self, pipeline: beam.Pipeline) -> Any:  # Beam would take a dict for a hint about elements.
        """Adds the steps to a pipeline.

        Returns:
            `rows`: record batches of what is left, in the examples' columns; `lines`: lines of the quarantine (str);
            `counts`: one Counter of `set_aside:return` and `guests:return` (good rows that give something back after
            all, and those of guests among them), `set_aside:cancelled`, `lowered` and `unmatched`.
        """
        rows = (
            pipeline
            | "ReadGoodRows" >> beam.io.ReadFromParquetBatched(self._good)
            | "BucketRows" >> beam.FlatMap(_bucket_rows, self._buckets)
        )
        returned = (
            pipeline
            | "ReadReturns" >> beam.io.ReadFromParquetBatched(self._returned)
            | "BucketReturns" >> beam.FlatMap(_bucket_returned, self._buckets)
        )
        left = (
            {ROWS: rows, _RETURNED: returned}
            | "BringTogether" >> beam.CoGroupByKey()
            | "Cancel" >> beam.ParDo(self._cancelling).with_outputs(LINES, COUNTS, main=ROWS)
        )
        return {
            ROWS: left[ROWS],
            LINES: left[LINES],
            COUNTS: left[COUNTS] | "AddUpCounts" >> beam.CombineGlobally(sum_counters),
        }


class _Cancel(beam.DoFn):
    """(bucket, Arrow IPC streams of its rows and of its returns) to record batches of what is left."""

    def __init__(self, bought_event_types: tuple[str, ...], *, baskets_cancel: bool, user_id_key: str | None) -> None:
        self._bought_event_types = bought_event_types
        self._baskets_cancel, self._user_id_key = baskets_cancel, user_id_key

    def process(self, bucket: tuple[int, Mapping[str, Iterable[bytes]]]) -> Iterator[Any]:
        """Handles one bucket; memory grows with its rows."""
        rows, found = (concatenated(bucket[1][name]) for name in (ROWS, _RETURNED))
        returned = RETURNS_SCHEMA.empty_table() if found is None else found
        if rows is None:
            yield beam.pvalue.TaggedOutput(COUNTS, Counter({UNMATCHED: len(returned)}))
            return
        plain = _plain(rows)
        cancelled = cancel_purchases(plain, returned, self._bought_event_types, baskets_cancel=self._baskets_cancel)
        gone, given_back = (plain.filter(pa.array(mask)) for mask in (cancelled.gone, cancelled.gives_back))
        for reason, detail, chosen in ((CANCELLED, _ALL_GONE, gone), (RETURN, _OF_CANCELLATION, given_back)):
            for row in chosen.to_pylist():
                line = quarantine_line(_TABLE, reason, detail, row, self._user_id_key)
                yield beam.pvalue.TaggedOutput(LINES, line)
        counts = {
            RETURN_KEY: len(given_back),
            GUESTS_RETURN: given_back[USER_ID].null_count,
            CANCELLED_KEY: len(gone),
            LOWERED: int(cancelled.lowered.sum()),
            UNMATCHED: cancelled.unmatched,
        }
        yield beam.pvalue.TaggedOutput(COUNTS, Counter(counts))
        left = _with_quantities(rows, plain, cancelled).filter(pa.array(cancelled.kept))
        yield from left.combine_chunks().to_batches()


def _bucket_rows(rows: pa.Table, buckets: int) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, Arrow IPC stream of its rows) of rows in the examples' columns."""
    plain = _plain(rows.select([USER_ID, BASKET_ID]))
    yield from split_by_bucket(rows, buckets_of(plain[USER_ID], plain[BASKET_ID], buckets))


def _bucket_returned(returned: pa.Table, buckets: int) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, Arrow IPC stream) of rows with `RETURNS_SCHEMA`; those of guests find nothing anywhere."""
    yield from split_by_bucket(returned, buckets_of(returned[USER_ID], None, buckets))


def _plain(rows: pa.Table) -> pa.Table:
    """Returns rows with single values in place of lists of one."""
    batches = rows.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], rows.schema)]
    return pa.Table.from_batches([plain_columns(batch) for batch in batches])


def _with_quantities(rows: pa.Table, plain: pa.Table, cancelled: Cancelled) -> pa.Table:
    """Returns rows in the examples' columns with the quantities that are left."""
    place = rows.schema.get_field_index("quantity")
    field = rows.schema.field(place)
    before = plain["quantity"].cast(pa.float64()).to_numpy()  # NaN for none.
    after = np.where(cancelled.lowered, cancelled.left, before)
    missing = np.isnan(after)
    offsets = pa.array(np.concatenate([[0], np.cumsum(~missing)]))
    values = pa.array(after[~missing].astype(np.float32))
    lists = pa.LargeListArray.from_arrays(offsets, values, mask=pa.array(missing)).cast(field.type)
    return rows.set_column(place, field, lists)
