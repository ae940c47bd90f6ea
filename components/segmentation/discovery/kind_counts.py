"""How many events each user has of each kind of products."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from components.events.history import IntArray
from components.segmentation.examples.user_events import UserEvents
from components.tables.read_back import from_bytes, to_bytes

_ADDED_AT_ONCE = 16


class KindCounts(NamedTuple):
    """Events of users by kind.

    Attributes:
        users: How many users there are.
        user: Of each pair of a user and a kind, the user, int64 `(pairs,)`.
        kind: The kind's name, string `(pairs,)`.
        events: Events of the pair, int64 `(pairs,)`.
    """

    users: int
    user: IntArray
    kind: pa.Array
    events: IntArray

    def matrix(self, kinds: Sequence[str]) -> csr_matrix:
        """Returns the counts of some kinds, float64 `(users, kinds)`; other kinds are left out."""
        column = pc.index_in(self.kind, value_set=pa.array(kinds, pa.string()))
        known = pc.is_valid(column).to_numpy(zero_copy_only=False)
        places = pc.fill_null(column, 0).to_numpy()
        cells = (self.events[known].astype(np.float64), (self.user[known], places[known]))
        return csr_matrix(cells, shape=(self.users, len(kinds)))


def count_kinds(events: UserEvents, kinds: pa.Array, start: int, end: int) -> KindCounts:
    """Counts the events of each user by kind.

    Args:
        events: Of known users.
        kinds: The kind of each event's product, string `(events,)`; null or empty for none.
        start: Unix seconds of the first moment that counts.
        end: The moment before which events count.
    """
    encoded = pc.fill_null(kinds, "").dictionary_encode()
    names = encoded.dictionary
    within = (events.time >= start) & (events.time < end)
    codes = encoded.indices.to_numpy().astype(np.int64)
    within &= np.append(pc.not_equal(names, "").to_numpy(zero_copy_only=False), False)[codes]
    pairs, counts = np.unique(events.user[within] * len(names) + codes[within], return_counts=True)
    user, code = np.divmod(pairs, max(len(names), 1))
    return KindCounts(len(events.users), user, names.take(pa.array(code)), counts.astype(np.int64))


def to_stream(counts: KindCounts, users: pa.Array, shares: npt.NDArray[np.float64]) -> bytes:
    """Returns counts as an Arrow IPC stream of user_id (binary), share (float64), kind (string) and events (int64).

    Args:
        counts: Of some users.
        users: Their ids, binary `(users,)`.
        shares: A number of each user that is the same in every run, from 0 to 1, `(users,)`.
    """
    return to_bytes(
        pa.table(
            {
                "user_id": users.take(pa.array(counts.user)),
                "share": shares[counts.user],
                "kind": counts.kind,
                "events": counts.events,
            }
        )
    )


def of_stream(stream: bytes | None) -> KindCounts:
    """Returns the counts of a stream, with the users in order of their ids; None holds no user."""
    if stream is None:
        return KindCounts(0, np.zeros(0, np.int64), pa.array([], pa.string()), np.zeros(0, np.int64))
    table = from_bytes(stream)
    users, user = np.unique(np.array(table["user_id"].to_pylist(), object), return_inverse=True)
    kind = table["kind"].combine_chunks()
    return KindCounts(len(users), user.astype(np.int64), kind, table["events"].to_numpy().astype(np.int64))


class SampleUsers(beam.CombineFn):
    """Streams of `to_stream` to one of at most so many users, those with the lowest shares.

    Memory grows with that number, not with the users there are.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def create_accumulator(self) -> list[bytes]:
        """Returns no stream."""
        return []

    def add_input(self, accumulator: list[bytes], element: bytes) -> list[bytes]:
        """Adds one stream."""
        streams = [*accumulator, element]
        return streams if len(streams) < _ADDED_AT_ONCE else [self._sampled(streams)]

    def merge_accumulators(self, accumulators: Iterable[list[bytes]]) -> list[bytes]:
        """Adds many."""
        streams = [stream for accumulator in accumulators for stream in accumulator]
        return [self._sampled(streams)] if streams else []

    def extract_output(self, accumulator: list[bytes]) -> bytes | None:
        """Returns one stream, or None where there is no user."""
        return self._sampled(accumulator) if accumulator else None

    def _sampled(self, streams: list[bytes]) -> bytes:
        table = pa.concat_tables([from_bytes(stream) for stream in streams])
        users = table.group_by("user_id").aggregate([("share", "min")])
        if len(users) > self._most:
            order = pc.sort_indices(users, sort_keys=[("share_min", "ascending"), ("user_id", "ascending")])
            kept = users["user_id"].take(order[: self._most])
            table = table.filter(pc.is_in(table["user_id"], value_set=kept.combine_chunks()))
        return to_bytes(table.combine_chunks())
