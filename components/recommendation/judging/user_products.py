"""Pairs of a user and a product, and the removal of such pairs from lists; plain NumPy."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.recommendation.judged_users import JudgedUsers

IntArray = npt.NDArray[np.integer]


class UserProducts(NamedTuple):
    """Distinct (user, product) pairs in order of user, then product.

    Attributes:
        user: int64 `(pairs,)`; row of the user in the batch.
        product: int64 `(pairs,)`.
    """

    user: IntArray
    product: IntArray

    def offsets(self, users: int) -> IntArray:
        """Returns where each user's pairs begin, and their number at the end: int64 `(users + 1,)`."""
        return np.searchsorted(self.user, np.arange(users + 1))

    def contains(self, user: IntArray, product: IntArray) -> npt.NDArray[np.bool_]:
        """Says of some pairs, of any equal shapes, whether they are among these; product -1 never is."""
        if not len(self.user):
            return np.zeros(np.shape(product), dtype=np.bool_)
        stride = int(max(self.product.max(), product.max(initial=-1))) + 2
        keys = self.user.astype(np.int64) * stride + self.product + 1
        wanted = user.astype(np.int64) * stride + product + 1
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found: npt.NDArray[np.bool_] = keys[place] == wanted
        return found


def distinct_pairs(user: IntArray, product: IntArray) -> UserProducts:
    """Returns some (user, product) pairs once each, in order."""
    stride = int(product.max(initial=0)) + 1
    # Sorting is several times as fast here as the hashing that np.unique does.
    keys = np.sort(user.astype(np.int64) * stride + product)
    keys = keys[np.diff(keys, prepend=-1) > 0]
    return UserProducts(keys // stride, keys % stride)


def event_users(users: JudgedUsers) -> IntArray:
    """Returns the row of the user whose event each one of the histories is: int64 `(events,)`."""
    return np.repeat(np.arange(len(users), dtype=np.int64), np.diff(users.history_offsets))


def bought_products(users: JudgedUsers, bought_type: int) -> UserProducts:
    """Returns what each user bought before the query."""
    bought = users.history_type == bought_type
    return distinct_pairs(event_users(users)[bought], users.history_index[bought])


def keep_first(lists: IntArray, keep: npt.NDArray[np.bool_], width: int) -> IntArray:
    """Moves the kept products of each list to its front, in their order.

    Args:
        lists: int `(users, any)`.
        keep: bool, same shape.
        width: Columns of the answer.

    Returns:
        int64 `(users, width)`, filled up with -1.
    """
    place = keep.cumsum(axis=1) - 1
    row, column = np.nonzero(keep & (place < width))
    kept = np.full((len(lists), width), -1, dtype=np.int64)
    kept[row, place[row, column]] = lists[row, column]
    return kept
