"""One user's events out of an events table, for the command line."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.reading.parsing import parse_column
from components.tables.refusals.reasons import advice_for, column_of
from components.tables.returns.cancelling import cancel_purchases
from components.tables.returns.order_counts import baskets_cancel, count_orders
from components.tables.sources import TableSource
from components.tables.validation import CheckedRows, check_rows
from serving.graph.time_units import HOUR_SECONDS

if TYPE_CHECKING:
    from components.tables.reading.source_batch import SourceBatch
    from components.tables.shaping.plan import TablePlan

_COLUMNS = ("user_id", "product_id", "event_type", "timestamp", "position", "basket_id", "quantity", "price", "amount")
_EVENTS = TABLES["events"]
_CONTRACT = replace(_EVENTS, columns=tuple(column for column in _EVENTS.columns if column.name in _COLUMNS))
_OPTIONS = TableOptions()


@dataclass(frozen=True, kw_only=True)
class UserHistory:
    """A user's events, newest last.

    Attributes:
        product_ids: One an event.
        event_types: One an event.
        age_seconds: How long before `moment` each was; 0 where no event has a time.
        moment: Unix seconds that ages are counted from; None where they are counted from nothing.
        moment_is: What the moment is, in words.
    """

    product_ids: tuple[str, ...]
    event_types: tuple[str, ...]
    age_seconds: tuple[float, ...]
    moment: int | None = None
    moment_is: str = ""

    @property
    def as_of(self) -> str | None:
        """The moment in ISO 8601, UTC; None where there is none."""
        return None if self.moment is None else datetime.fromtimestamp(self.moment, UTC).isoformat()

    def as_of_line(self) -> str | None:
        """Says which moment ages are counted from; None where there is none."""
        if self.moment is None:
            return None
        return f"as of {datetime.fromtimestamp(self.moment, UTC):%Y-%m-%d %H:%M} UTC, {self.moment_is}"


def history_of_products(product_ids: Sequence[str]) -> UserHistory:
    """Returns a history of purchases of just now, newest last."""
    count = len(product_ids)
    return UserHistory(product_ids=tuple(product_ids), event_types=("purchase",) * count, age_seconds=(0.0,) * count)


def read_user_history(
    sources: Sequence[TableSource],
    user_id: str,
    at: str | None = None,
    bought_event_types: tuple[str, ...] = _OPTIONS.bought_event_types,
) -> UserHistory:
    """Reads a user's events from an events table, by the rules of the tables' contract.

    Ages are counted from one moment for all users, so that who has been away for long is seen to be: from `at`, or
    from the end of the hour of the table's latest event, which is what a run counts the segments of users from. Events
    without a timestamp have age 0. Events are in the order that a run gives them. The table is read once, and a batch
    at a time; bad rows of other users are left out, and so is what the user gave back, as a run does.

    Args:
        sources: Where the table lies, and how it is written.
        user_id: The user, by any id that a source's `same_ids` takes for theirs.
        at: ISO 8601 or Unix seconds; events after it are left out, as they lie in the future.
        bought_event_types: The event types that are purchases, which a return cancels.

    Raises:
        InputError: There is no such table, a column is missing, a row of the user is bad, or the user has no events.
    """
    # Beam, whose filesystems open the table, takes more than a second, which only a table is worth.
    from components.tables.reading.plain_columns import plain_columns
    from components.tables.shaping.planning import plan_table
    from components.tables.shaping.read_table import read_table

    events = " and ".join(source.path for source in sources)
    plan = plan_table(_CONTRACT, _OPTIONS, sources)
    order = next(name for name in _CONTRACT.one_of if name in {column.name for column in plan.present})
    moment = None if at is None else _moment(at)
    if moment is not None and order != "timestamp":
        raise InputError(f"--at {at}: {events} has no `timestamp`, so no event is known to lie before it; leave it out")

    user_id = _known_as(user_id, plan)
    now = time.time()
    good, returned = [], []
    orders: Counter[str] = Counter()
    latest, left_out = 0, 0
    for source in read_table(plan):
        checked = check_rows(_CONTRACT, _OPTIONS, source.batch, now, source.form, guests=source.guests)
        _refuse_bad_rows(user_id, source, checked)
        left_out += len(checked.bad_rows) + len(source.broken)
        if checked.good.num_rows:
            latest = max(latest, pc.max(checked.good[order].flatten()).as_py())
        orders += count_orders(checked.good, checked.returned.num_rows)
        good.append(_of_user(user_id, plain_columns(checked.good)))
        returned.append(_of_user(user_id, checked.returned))
    if not good:
        raise InputError(f"{events}: no event of any user")
    mine, given_back = (pa.Table.from_batches(batches) for batches in (good, returned))
    if moment is not None:
        mine, given_back = (
            table.filter(pc.less_equal(table[name], moment)) for table, name in ((mine, order), (given_back, "time"))
        )
    left = cancel_purchases(mine, given_back, bought_event_types, baskets_cancel=baskets_cancel(orders))
    kept = sorted(_rows_of(mine.filter(pa.array(left.kept)), order))
    bad = f"; bad rows left out: {left_out:,}" if left_out else ""
    if not kept:
        until = f" up to {at}" if any(len(batch) for batch in good) else ""
        raise InputError(f"{events}: no event of user {user_id}{until}{bad}")
    given = moment is not None
    if order == "timestamp" and moment is None:
        moment = (latest // HOUR_SECONDS + 1) * HOUR_SECONDS
    return UserHistory(
        product_ids=tuple(product for _, _, product, _ in kept),
        event_types=tuple(event_type for _, _, _, event_type in kept),
        age_seconds=tuple(0.0 if moment is None else float(moment - second) for second, _, _, _ in kept),
        moment=moment,
        moment_is=f"as --at says{bad}" if given else f"the end of the hour of the latest event in {events}{bad}",
    )


def _moment(text: str) -> int:
    """Reads a moment as the column `timestamp` is read."""
    second = parse_column(pa.array([text], pa.large_string()), "timestamp").values[0].as_py()
    if second is None or second < 0:
        raise InputError(f"--at {text}: expected ISO 8601, such as 2017-07-01 or 2017-07-01T12:00Z, or Unix seconds")
    return int(second)


def _known_as(user_id: str, plan: "TablePlan") -> str:
    """Returns the id that a user's rows have once `same_ids` of the sources are taken."""
    from components.tables.shaping.finishing import same_ids_of

    asked = pa.array([_encoded(user_id)], pa.large_binary())
    for source in plan.sources:
        mapping = same_ids_of(plan.table, source).get("user_id")
        ids, mapped = (asked, 0) if mapping is None else mapping.mapped(asked)
        if mapped:
            return str(ids[0].as_py().decode("utf-8", "surrogateescape"))
    return user_id


def _of_user(user_id: str, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Returns a user's rows, of plain columns."""
    return rows.filter(pc.equal(rows["user_id"], pa.scalar(_encoded(user_id), pa.large_binary())))


def _rows_of(rows: pa.Table, order: str) -> Iterator[tuple[int, str, str, str]]:
    """Yields time (or position), basket, product and event type of rows, in what a run orders them by."""
    for row in rows.select([order, "basket_id", "product_id", "event_type"]).to_pylist():
        basket, product, event_type = (
            (row[name] or b"").decode("utf-8", "surrogateescape") for name in ("basket_id", "product_id", "event_type")
        )
        yield row[order], basket, product, event_type


def _refuse_bad_rows(user_id: str, source: "SourceBatch", checked: CheckedRows) -> None:
    """Raises InputError for the first bad row of a user."""
    if not checked.bad_rows or "user_id" not in source.batch.schema.names:
        return  # A source of guests alone may have no such column.
    batch = source.batch.take(pa.array(checked.bad_rows, pa.int64()))
    users = parse_column(batch["user_id"], "string").values.to_pylist()
    if _encoded(user_id) not in users:
        return
    first = users.index(_encoded(user_id))
    reason = checked.reasons[first]
    column = column_of(reason, _COLUMNS)
    seen = None if column is None else batch[column][first].as_py()
    advice = advice_for(reason, [] if seen is None else [str(seen)])
    raise InputError(
        f"{source.path}: {source.unit} {source.places[checked.bad_rows[first]]}, an event of user {user_id}, has "
        f"`{column}` {seen!r} ({reason}){advice and '; '}{advice}. Correct the row."
    )


def _encoded(user_id: str) -> bytes:
    return user_id.encode("utf-8", "surrogateescape")
