"""A second, slow way to windows and queries: plain Python over lists of events, one user at a time."""

import hashlib
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import strategies as st


class Event(NamedTuple):
    user: bytes
    time: int
    basket: bytes | None
    product: bytes
    event_type: int


WEIRD_IDS = [b"a", b"line\nbreak", "\U0001f6d2 cart".encode(), b"with space/slash", "商品".encode(), b"x" * 300]


def event_lists(max_time: int = 12) -> st.SearchStrategy[list[Event]]:
    """Returns small sets of events with many ties."""
    return st.lists(
        st.builds(
            Event,
            user=st.sampled_from(WEIRD_IDS[:4]),
            time=st.integers(0, max_time),
            basket=st.sampled_from([None, b"b1", b"b2"]),
            product=st.sampled_from(WEIRD_IDS),
            event_type=st.integers(0, 2),
        ),
        max_size=40,
    )


def event_table(events: list[Event]) -> pa.Table:
    """Returns what `order_events` takes."""
    return pa.table(
        {
            "user_id": pa.array([e.user for e in events], pa.binary()),
            "product_id": pa.array([e.product for e in events], pa.binary()),
            "event_type": pa.array([e.event_type for e in events], pa.int8()),
            "time": pa.array([e.time for e in events], pa.int64()),
            "basket_id": pa.array([e.basket for e in events], pa.binary()),
        }
    )


def users_of(events: list[Event]) -> list[tuple[bytes, list[Event]]]:
    """Returns users in order of id, each with the events in order."""
    ordered = sorted(events, key=lambda e: (e.user, e.time, e.basket or b"", e.product, e.event_type))
    return [(user, list(own)) for user, own in groupby(ordered, key=lambda e: e.user)]


def groups_of(events: list[Event]) -> list[list[Event]]:
    """Returns a user's ordered events cut into groups."""
    return [list(group) for _, group in groupby(events, key=lambda e: (e.time, e.basket))]


def plain_periods(events: list[Event], moments: tuple[int, int] | None, weights: list[float]) -> list[int]:
    """Returns the period of each of one user's ordered events."""
    if moments is not None:
        return [(e.time >= moments[0]) + (e.time >= moments[1]) for e in events]
    groups = groups_of(events)
    wanted = [n for n, group in enumerate(groups) if any(weights[e.event_type] > 0 for e in group)]
    test = wanted[-1] if wanted else len(groups)
    validation = wanted[-2] if len(wanted) > 1 else test
    return [(n >= validation) + (n >= test) for n, group in enumerate(groups) for _ in group]


def plain_windows(events: list[Event], weights: list[float], window: int) -> list[dict[str, Any]]:
    """Returns one user's training windows, with product ids in place of indices."""
    stride = max(1, window // 2)
    by_start: dict[int, list[tuple[int, list[tuple[bytes, float]]]]] = {}
    groups = groups_of(events)
    end = 0
    for group, following in pairwise(groups):
        end += len(group)
        targets: dict[bytes, float] = {}
        for event in following:
            weight = weights[event.event_type]
            if weight > 0:
                targets[event.product] = max(weight, targets.get(event.product, 0.0))
        if targets:
            start = 0
            while not end - 1 < start + window:  # The earliest window that holds the query.
                start += stride
            by_start.setdefault(start, []).append((end - 1, sorted(targets.items())))
    rows = []
    for start, queries in sorted(by_start.items()):
        shown = events[start : queries[-1][0] + 1]
        after = events[start + 1 : queries[-1][0] + 2]
        rows.append(
            {
                "history_index": [e.product for e in shown],
                "history_type": [e.event_type for e in shown],
                "gap_seconds": [float(n.time - e.time) for e, n in zip(shown, after, strict=True)],
                "query_position": [at - start for at, targets in queries for _ in targets],
                "target_index": [product for _, targets in queries for product, _ in targets],
                "target_weight": [weight for _, targets in queries for _, weight in targets],
            }
        )
    return rows


def plain_query(
    user: bytes, events: list[Event], periods: list[int], wanted: int, weights: list[float]
) -> dict[str, Any] | None:
    """Returns one user's evaluation query, with product ids in place of indices, or None."""
    for group in groups_of([e for e, period in zip(events, periods, strict=True) if period == wanted]):
        targets = sorted({e.product for e in group if weights[e.event_type] > 0})
        if targets:
            history = [e for e, period in zip(events, periods, strict=True) if period < wanted]
            return {
                "user_id": user,
                "history_index": [e.product for e in history],
                "history_type": [e.event_type for e in history],
                "history_time": [e.time for e in history],
                "query_time": [group[0].time],
                "target_index": targets,
            }
    return None


def digest(value: bytes) -> int:
    """Returns the number that a user's bucket comes from."""
    return int(hashlib.sha256(value).hexdigest()[:16], 16)
