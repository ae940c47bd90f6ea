"""The Beam transform that brings returns and good rows together, and lets the ones cancel the others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import BASKET_ID, USER_ID
from components.tables.quarantine import quarantine_line
from components.tables.read_back import concatenated, plain_columns
from components.tables.returns.cancelling import Cancelled, cancel_purchases, event_times
from components.tables.returns.order_counts import (
    CANCELLED,
    GUESTS_RETURN,
    LOWERED,
    RETURN,
    UNMATCHED,
    cancellations,
)
from components.tables.returns.return_rows import RETURNS_SCHEMA
from components.tables.user_buckets import buckets_of, split_by_bucket

ROWS, GIVEN_BACK, LINES, COUNTS = "rows", "given_back", "lines", "counts"
_TABLE = "events"


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
        self._bucketing = _BucketRows(buckets, baskets_cancel=baskets_cancel, user_id_key=user_id_key)
        self._cancelling = _Cancel(bought_event_types, user_id_key)

    def expand(self, pipeline: beam.Pipeline) -> Any:  # Beam would take a dict for a hint about elements.
        """Adds the steps to a pipeline.

        Returns:
            `rows`: record batches of what is left, in the examples' columns; `lines`: lines of the quarantine (str);
            `counts`: one Counter of `return` and `guests:return` (good rows that give something back after all, and
            those of guests among them), `cancelled`, `lowered` and `unmatched`.
        """
        dealt = (
            pipeline
            | "ReadGoodRows" >> beam.io.ReadFromParquetBatched(self._good)
            | "BucketRows" >> beam.ParDo(self._bucketing).with_outputs(GIVEN_BACK, LINES, COUNTS, main=ROWS)
        )
        given_back = (
            pipeline
            | "ReadReturns" >> beam.io.ReadFromParquetBatched(self._returned)
            | "BucketReturns" >> beam.FlatMap(self._bucketing.deal_returned)
        )
        left = (
            {
                ROWS: dealt[ROWS],
                GIVEN_BACK: (dealt[GIVEN_BACK], given_back) | "JoinReturns" >> beam.Flatten(),
            }
            | "BringTogether" >> beam.CoGroupByKey()
            | "Cancel" >> beam.ParDo(self._cancelling).with_outputs(LINES, COUNTS, main=ROWS)
        )
        return {
            ROWS: left[ROWS],
            LINES: (dealt[LINES], left[LINES]) | "JoinLines" >> beam.Flatten(),
            COUNTS: (dealt[COUNTS], left[COUNTS])
            | "JoinCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(_added_up),
        }


class _BucketRows(beam.DoFn):
    """Tables of good rows to (bucket, Arrow IPC stream), and to the side those of them that give something back."""

    def __init__(self, buckets: int, *, baskets_cancel: bool, user_id_key: str | None) -> None:
        self._buckets, self._baskets_cancel, self._user_id_key = buckets, baskets_cancel, user_id_key

    def process(self, rows: pa.Table) -> Iterator[Any]:
        """Handles one batch."""
        if self._baskets_cancel:
            plain = _plain(rows)
            cancelling = pc.fill_null(cancellations(plain[BASKET_ID]), False)
            given_back = plain.filter(cancelling)
            for row in given_back.to_pylist():
                detail = "its basket_id is C and a number, where those of most others are numbers: a cancellation"
                line = quarantine_line(_TABLE, RETURN, detail, row, self._user_id_key)
                yield beam.pvalue.TaggedOutput(LINES, line)
            counts = Counter({RETURN: len(given_back), GUESTS_RETURN: given_back[USER_ID].null_count})
            yield beam.pvalue.TaggedOutput(COUNTS, counts)
            for dealt in self.deal_returned(_as_returned(given_back)):
                yield beam.pvalue.TaggedOutput(GIVEN_BACK, dealt)
            rows = rows.filter(pc.invert(cancelling))
        plain = _plain(rows.select([USER_ID, BASKET_ID]))
        yield from split_by_bucket(rows, buckets_of(plain[USER_ID], plain[BASKET_ID], self._buckets))

    def deal_returned(self, returned: pa.Table) -> Iterator[tuple[int, bytes]]:
        """Yields (bucket, Arrow IPC stream) of rows with `RETURNS_SCHEMA`."""
        yield from split_by_bucket(returned, buckets_of(returned[USER_ID], None, self._buckets))


class _Cancel(beam.DoFn):
    """(bucket, Arrow IPC streams of its rows and of its returns) to record batches of what is left."""

    def __init__(self, bought_event_types: tuple[str, ...], user_id_key: str | None) -> None:
        self._bought_event_types, self._user_id_key = bought_event_types, user_id_key

    def process(self, bucket: tuple[int, Mapping[str, Iterable[bytes]]]) -> Iterator[Any]:
        """Handles one bucket; memory grows with its rows."""
        # Streams come in any order, and rows that differ in nothing that matters may be taken for each other.
        rows, returned = (concatenated(bucket[1][name]) for name in (ROWS, GIVEN_BACK))
        if rows is None:
            yield beam.pvalue.TaggedOutput(COUNTS, Counter({UNMATCHED: 0 if returned is None else len(returned)}))
            return
        if returned is None:
            yield from rows.to_batches()
            return
        plain = _plain(rows)
        cancelled = cancel_purchases(plain, returned, self._bought_event_types)
        for row in plain.filter(pa.array(cancelled.gone)).to_pylist():
            detail = "given back later, all of it"
            line = quarantine_line(_TABLE, CANCELLED, detail, row, self._user_id_key)
            yield beam.pvalue.TaggedOutput(LINES, line)
        counts = Counter(
            {
                CANCELLED: int(cancelled.gone.sum()),
                LOWERED: int(cancelled.lowered.sum()),
                UNMATCHED: cancelled.unmatched,
            }
        )
        yield beam.pvalue.TaggedOutput(COUNTS, counts)
        left = _with_quantities(rows, plain, cancelled).filter(pa.array(~cancelled.gone))
        yield from left.combine_chunks().to_batches()


def _plain(rows: pa.Table) -> pa.Table:
    """Returns rows with single values in place of lists of one."""
    batches = rows.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], rows.schema)]
    return pa.Table.from_batches([plain_columns(batch) for batch in batches])


def _as_returned(plain: pa.Table) -> pa.Table:
    """Returns good rows, which have no negative numbers, in the form of rows that give something back."""
    columns = {
        USER_ID: plain[USER_ID],
        "product_id": plain["product_id"],
        "time": event_times(plain),
        "quantity": pc.fill_null(plain["quantity"].cast(pa.float64()), 1.0),
    }
    return pa.table(columns).cast(RETURNS_SCHEMA)


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


def _added_up(counters: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counters, Counter())
