"""Rows of many users in order of time, and what a user had before a moment."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.response.examples.reading import KNOWN_AT, TIME_BITS, outcome_column

IntArray = npt.NDArray[np.int64]


class RowsBefore(NamedTuple):
    """The latest rows of a user before each of some moments: places `(rows, width)`, -1 where there are fewer."""

    places: IntArray

    def take(self, values: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Returns the values at the places."""
        padded: npt.NDArray[Any] = np.append(values, np.asarray([missing], values.dtype))
        return padded[self.places]


class OrderedRows:
    """Rows of many users, each user's in order of time, then of item.

    Args:
        table: With user_id (binary), a time and an item.
        users: Distinct users in byte order.
        time: Name of the column of times, Unix seconds.
        item: Name of the column of what a row is about (int64).
    """

    def __init__(self, table: pa.Table, users: pa.Array, time: str, item: str) -> None:
        user = (
            pc.index_in(table["user_id"].cast(pa.binary()), value_set=users).fill_null(-1).to_numpy().astype(np.int64)
        )
        moment, items = table[time].to_numpy().astype(np.int64), table[item].to_numpy().astype(np.int64)
        order = np.lexsort((items, moment, user))
        self.table = table.take(pa.array(order)).combine_chunks()
        self.user, self.moment, self.item = user[order], moment[order], items[order]
        # Nobody's rows come first, under a number that nobody asks for.
        self._codes = ((self.user + 1) << TIME_BITS) + self.moment

    @property
    def known_at(self) -> IntArray:
        """When what came of each row was known, `(rows,)`."""
        return np.asarray(self.table[KNOWN_AT].to_numpy(), np.int64)

    def happened(self, outcomes: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Returns bool `(rows, outcomes)`."""
        return np.stack([self.table[outcome_column(name)].to_numpy() > 0 for name in outcomes], axis=1)

    def level(self, outcomes: Sequence[str]) -> IntArray:
        """Returns the last outcome that happened, -1 for none, `(rows,)`."""
        happened = self.happened(outcomes)
        return np.where(happened.any(axis=1), len(outcomes) - 1 - np.argmax(happened[:, ::-1], axis=1), -1)

    def before(self, user: IntArray, now: IntArray, width: int) -> RowsBefore:
        """Returns the latest rows of users before moments, the oldest first; none of nobody."""
        end = np.searchsorted(self._codes, ((user + 1) << TIME_BITS) + now)
        begin = np.where(user >= 0, np.searchsorted(self._codes, (user + 1) << TIME_BITS), end)
        places = end[:, None] + np.arange(-width, 0)[None, :]
        return RowsBefore(np.where(places >= begin[:, None], places, -1))
