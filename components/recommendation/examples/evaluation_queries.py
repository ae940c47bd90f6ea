"""Evaluation queries: a user's whole history, and the first group after it; plain NumPy."""

import numpy as np
import pyarrow as pa

from components.events.history import EventHistory, FloatArray, IntArray, concatenated_ranges, run_starts
from components.events.list_columns import lists


def evaluation_queries(
    history: EventHistory,
    period: IntArray,
    wanted_period: int,
    type_weights: FloatArray,
    *,
    has_timestamps: bool,
    latest: int | None = None,
) -> pa.Table:
    """Asks, for each user with a target in a period, for the products of the first group there that has one.

    Args:
        history: Events as indices into the catalogue, of all periods.
        period: Period of each event, not decreasing within a user, `(events,)`.
        wanted_period: The period that the targets lie in.
        type_weights: Weight of each event type as a target; 0 is never a target, `(types,)`.
        has_timestamps: Whether `history.time` is in seconds; times are 0 where it is not.
        latest: Events of each history to keep, the latest; None keeps all.

    Returns:
        One row a user: user_id (binary); lists of int64 history_index, history_type, history_time (all
        events before the period, oldest first, maybe none), query_time (one value) and target_index
        (distinct, ascending).
    """
    candidates = np.flatnonzero((period == wanted_period) & (type_weights[history.event_type] > 0))
    user_first = candidates[run_starts(history.user[candidates])]
    users = history.user[user_first]
    first_group = np.full(len(history.users), -1)
    first_group[users] = history.group[user_first]
    targets = candidates[history.group[candidates] == first_group[history.user[candidates]]]
    targets = targets[run_starts(history.user[targets], history.product[targets])]
    sizes = np.diff(np.append(np.flatnonzero(run_starts(history.user[targets])), len(targets)))

    starts = np.searchsorted(history.user, users)
    earlier = np.bincount(history.user[period < wanted_period], minlength=len(history.users))
    lengths = earlier[users]
    if latest is not None:
        starts, lengths = starts + np.maximum(lengths - latest, 0), np.minimum(lengths, latest)
    events = concatenated_ranges(starts, lengths)
    time = history.time if has_timestamps else np.zeros(len(history), dtype=np.int64)
    return pa.table(
        {
            "user_id": history.users.take(pa.array(users)),
            "history_index": lists(history.product[events], lengths),
            "history_type": lists(history.event_type[events], lengths),
            "history_time": lists(time[events], lengths),
            "query_time": lists(time[user_first], np.ones(len(users), dtype=np.int64)),
            "target_index": lists(history.product[targets], sizes),
        }
    )
