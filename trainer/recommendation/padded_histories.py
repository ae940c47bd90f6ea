"""Histories as the arrays of one width that a served model is asked with."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.recommendation.judged_users import JudgedUsers


class PaddedHistories(NamedTuple):
    """The latest events of each user, oldest first, padded at the end.

    Attributes:
        products: int32 `(users, width)` product indices; -1 is padding.
        types: int32 `(users, width)` event types; 0 in padding.
        age_seconds: float32 `(users, width)`; time from the event to the query, 0 in padding.
    """

    products: npt.NDArray[np.int32]
    types: npt.NDArray[np.int32]
    age_seconds: npt.NDArray[np.float32]


def pad_histories(users: JudgedUsers, width: int) -> PaddedHistories:
    """Keeps the latest `width` events of each user."""
    users = users.latest(width)
    lengths = np.diff(users.history_offsets)
    row = np.repeat(np.arange(len(users)), lengths)
    column = np.arange(len(row)) - users.history_offsets[row]
    padded = PaddedHistories(
        products=np.full((len(users), width), -1, np.int32),
        types=np.zeros((len(users), width), np.int32),
        age_seconds=np.zeros((len(users), width), np.float32),
    )
    padded.products[row, column] = users.history_index
    padded.types[row, column] = users.history_type
    padded.age_seconds[row, column] = users.query_time[row] - users.history_time
    return padded
