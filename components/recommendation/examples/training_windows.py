"""Training windows over users' histories; plain NumPy, all users of a bucket at once."""

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.events.history import EventHistory, FloatArray, IntArray, concatenated_ranges, run_starts
from components.events.list_columns import lists

_UnsignedArray = npt.NDArray[np.uint64]
# The largest share of which the hashes below it fit into 64 bits.
_NEARLY_ALL = 1.0 - 2.0**-53


class Replay(NamedTuple):
    """Which windows an update learns from: those with something new to ask for, and some of the others.

    Attributes:
        learned_until: Moment up to which the earlier towers have learned, in Unix seconds.
        share: Share of the windows without a later target, chosen by a hash of the moment, the user and the window.
    """

    learned_until: int
    share: float


def training_windows(
    history: EventHistory,
    type_weights: FloatArray,
    *,
    window: int,
    max_targets: int,
    seed: int,
    has_timestamps: bool,
    replay: Replay | None = None,
    named: bool = False,
) -> pa.Table:
    """Cuts histories into windows in which every group asks for the products of the group after it.

    Windows of a user start every `window // 2` events. Each group but a user's last is the query of one
    window only, of the earliest that shows it at least half a window of context (where the user has that
    much). A window ends with its last query, so it holds no event that no query may see.

    Memory and time grow with the events plus the (group, next product) pairs; windows overlap by half, so
    an event is written about twice.

    Args:
        history: The events to learn from, as indices into the catalogue.
        type_weights: Weight of each event type as a target; 0 is never a target, `(types,)`.
        window: Events in a window at the most.
        max_targets: Products of a group kept as targets at the most, chosen by a seeded hash.
        seed: Seed of that choice.
        has_timestamps: Whether `history.time` is in seconds; gaps are 0 where it is not.
        replay: Which windows an update keeps; None for all of them.
        named: Whether a window says whose it is.

    Returns:
        Rows of lists: user_id (binary) where windows are named, history_index and history_type (int64), gap_seconds
        (float32), query_position and target_index (int64), target_weight (float32). In order of users and time.
    """
    user_start = np.searchsorted(history.user, history.user)
    target_event, target_weight = _targets(history, type_weights)
    # A group is asked for by the last event before it: the event before its first one.
    group_start = np.searchsorted(history.group, history.group)
    query_event = group_start[target_event] - 1
    asked = group_start[target_event] > user_start[target_event]
    target_event, target_weight, query_event = target_event[asked], target_weight[asked], query_event[asked]
    sampled = _sample(history, target_event, max_targets, seed)
    target_event, target_weight, query_event = target_event[sampled], target_weight[sampled], query_event[sampled]

    stride = max(1, window // 2)
    place = query_event - user_start[query_event]
    number = np.where(place < window, 0, (place - window) // stride + 1)
    window_start = user_start[query_event] + number * stride
    first_pair = np.flatnonzero(run_starts(history.user[query_event], number))
    pairs = np.diff(np.append(first_pair, len(query_event)))
    if replay is not None and len(first_pair):
        latest = np.maximum.reduceat(history.time[target_event], first_pair)
        drawn = _mix(_user_hashes(history, query_event[first_pair], seed ^ replay.learned_until), number[first_pair])
        kept = (latest >= replay.learned_until) | (drawn < np.uint64(min(replay.share, _NEARLY_ALL) * 2.0**64))
        kept |= replay.share == 1.0
        of_pair = np.repeat(kept, pairs)
        target_event, target_weight, query_event = target_event[of_pair], target_weight[of_pair], query_event[of_pair]
        window_start, pairs = window_start[of_pair], pairs[kept]
        first_pair = np.cumsum(pairs) - pairs
    starts = window_start[first_pair]
    lengths = query_event[first_pair + pairs - 1] + 1 - starts if len(first_pair) else starts
    events = concatenated_ranges(starts, lengths)
    of_users = {}
    if named:
        ids = history.users.take(pa.array(history.user[query_event[first_pair]]))
        of_users = {"user_id": pa.ListArray.from_arrays(pa.array(np.arange(len(ids) + 1, dtype=np.int32)), ids)}
    return pa.table(
        {
            **of_users,
            "history_index": lists(history.product[events], lengths),
            "history_type": lists(history.event_type[events], lengths),
            "gap_seconds": lists(_gap_seconds(history, has_timestamps)[events], lengths),
            "query_position": lists(query_event - window_start, pairs),
            "target_index": lists(history.product[target_event], pairs),
            "target_weight": lists(target_weight.astype(np.float32), pairs),
        }
    )


def _targets(history: EventHistory, type_weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Returns one event for each product of each group that can be a target, and the largest of its weights."""
    weight = type_weights[history.event_type]
    events = np.flatnonzero(weight > 0)
    if not len(events):
        return events, np.zeros(0)
    first = np.flatnonzero(run_starts(history.group[events], history.product[events]))
    return events[first], np.maximum.reduceat(weight[events], first)


def _sample(history: EventHistory, target_event: IntArray, max_targets: int, seed: int) -> IntArray:
    """Returns which targets stay, in order: at most `max_targets` of a group, by a hash of user, group and product."""
    group = history.group[target_event]
    starts = np.flatnonzero(run_starts(group))
    sizes = np.diff(np.append(starts, len(group)))
    crowded = np.repeat(sizes > max_targets, sizes)
    if not crowded.any():
        return np.arange(len(target_event))
    chosen = np.flatnonzero(crowded)
    events = target_event[chosen]
    first_event = np.searchsorted(history.user, history.user[events])
    ordinal = history.group[events] - history.group[first_event]
    mixed = _mix(_mix(_user_hashes(history, events, seed), ordinal), history.product[events])
    order = np.lexsort((mixed, group[chosen]))
    begins = np.flatnonzero(run_starts(group[chosen]))  # `chosen` is in order of groups, and so is `order`.
    rank = np.arange(len(chosen)) - np.repeat(begins, np.diff(np.append(begins, len(chosen))))
    stays = ~crowded
    stays[chosen[order[rank < max_targets]]] = True
    return np.flatnonzero(stays)


def _user_hashes(history: EventHistory, events: IntArray, seed: int) -> _UnsignedArray:
    """Returns a hash of the user of each event."""
    hashes = np.zeros(len(history.users), dtype=np.uint64)
    for user in np.unique(history.user[events]):
        key = seed.to_bytes(8, "big") + history.users[int(user)].as_py()
        hashes[user] = int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
    found: _UnsignedArray = hashes[history.user[events]]
    return found


def _mix(state: _UnsignedArray, value: IntArray) -> _UnsignedArray:
    """Hashes `value` into `state` by the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = state + (value.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: _UnsignedArray = mixed ^ (mixed >> np.uint64(31))
    return result


def _gap_seconds(history: EventHistory, has_timestamps: bool) -> npt.NDArray[np.float32]:
    """Returns the seconds from each event to the user's next one, 0 for the last."""
    gaps = np.zeros(len(history), dtype=np.float32)
    if has_timestamps and len(history):
        same_user = history.user[1:] == history.user[:-1]
        gaps[:-1] = np.where(same_user, np.diff(history.time), 0)
    return gaps
