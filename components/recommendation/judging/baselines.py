"""Rankings that a recommendation model has to beat: popularity, and what the user bought most."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.events.weekly_decay import WEEKLY_DECAY, weekly_decay
from components.recommendation.judging.gate_options import RecommendationBaseline
from components.recommendation.judging.user_products import IntArray, UserProducts, distinct_pairs, event_users
from trainer.recommendation.judged_users import JudgedUsers

BASELINES: tuple[RecommendationBaseline, ...] = ("popularity", "personal_frequency", "decayed_personal_frequency")

FloatArray = npt.NDArray[np.float64]


class Baselines:
    """Ranks the catalogue for users by counting, vectorised over a batch of them.

    `popularity` ranks by the events up to the test period. `personal_frequency` puts the user's own products first,
    by how often they were had; equal ones, and all other products behind them, by popularity.
    `decayed_personal_frequency` is the same with every event, also in the popularity, weighing 0.9 to the power of
    the whole weeks since. Events weigh by their type, as they do in the popularity. Where events have no time, an
    event decays by 0.9 for each later one of the user, and popularity does not.

    Args:
        catalogue: Columns popularity and decayed_popularity (float64); row number = product index.
        facts: The catalogue's event_weights, has_timestamps and test_start.
    """

    def __init__(self, catalogue: pa.Table, facts: dict[str, Any]) -> None:
        self._event_weights = np.asarray(facts["event_weights"], dtype=np.float64)
        self._has_timestamps = bool(facts["has_timestamps"])
        self._test_start = facts["test_start"]
        self._by_popularity = _descending(catalogue["popularity"])
        self._by_decayed_popularity = _descending(catalogue["decayed_popularity"])

    def rank(
        self, name: RecommendationBaseline, users: JudgedUsers, width: int, left_out: UserProducts | None = None
    ) -> IntArray:
        """Ranks products for each user.

        Args:
            name: The baseline.
            users: A batch of users with whole histories.
            width: Products a user.
            left_out: Products to leave out of the lists.

        Returns:
            int64 `(users, width)` product indices, best first, filled up with -1.
        """
        nothing = UserProducts(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        left_out = nothing if left_out is None else left_out
        decayed = name == "decayed_personal_frequency"
        order = self._by_decayed_popularity if decayed else self._by_popularity
        if name == "popularity":
            return _fill(np.full((len(users), width), -1, dtype=np.int64), order, left_out)
        weights = self._event_weights[users.history_type]
        if decayed:
            weights = weights * self._decay(users)
        return _own_products_first(users, weights, order, left_out, width)

    def _decay(self, users: JudgedUsers) -> FloatArray:
        """Returns the decay of each event of the histories, `(events,)`."""
        lengths = np.diff(users.history_offsets)
        if self._has_timestamps:
            moment = np.repeat(users.query_time, lengths) if self._test_start is None else self._test_start
            return weekly_decay(moment - users.history_time)
        steps = np.repeat(users.history_offsets[1:], lengths) - 1 - np.arange(len(users.history_index))
        return WEEKLY_DECAY ** steps.astype(np.float64)


def _own_products_first(
    users: JudgedUsers, weights: FloatArray, order: IntArray, left_out: UserProducts, width: int
) -> IntArray:
    """Ranks a user's own products by weight, ties and all others in `order`."""
    products = len(order)
    weighs = weights > 0
    event_user, event_product = event_users(users)[weighs], users.history_index[weighs]
    user, product = distinct_pairs(event_user, event_product)
    place = np.searchsorted(user * products + product, event_user * products + event_product)
    weight = np.bincount(place, weights=weights[weighs], minlength=len(user))
    kept = ~left_out.contains(user, product)
    user, product, weight = user[kept], product[kept], weight[kept]

    rank = np.empty(products, dtype=np.int64)
    rank[order] = np.arange(products)
    best_first = np.lexsort((rank[product], -weight, user))
    user, product = user[best_first], product[best_first]
    column = np.arange(len(user)) - np.searchsorted(user, user)
    listed = column < width
    lists = np.full((len(users), width), -1, dtype=np.int64)
    lists[user[listed], column[listed]] = product[listed]
    taken = distinct_pairs(np.append(user, left_out.user), np.append(product, left_out.product))
    return _fill(lists, order, taken)


def _fill(lists: IntArray, order: IntArray, taken: UserProducts) -> IntArray:
    """Fills the end of each list with the first products of `order` that the user has not `taken`."""
    users, width = lists.shape
    most_taken = int(np.diff(taken.offsets(users)).max(initial=0))
    candidates = order[: width + most_taken]
    column_of = np.full(len(order), -1, dtype=np.int64)
    column_of[candidates] = np.arange(len(candidates))
    free = np.ones((users, len(candidates)), dtype=np.bool_)
    column = column_of[taken.product]
    free[taken.user[column >= 0], column[column >= 0]] = False
    place = (lists >= 0).sum(axis=1)[:, np.newaxis] + free.cumsum(axis=1) - 1
    row, chosen = np.nonzero(free & (place < width))
    lists[row, place[row, chosen]] = candidates[chosen]
    return lists


def _descending(column: pa.ChunkedArray) -> IntArray:
    return np.argsort(-column.to_numpy(), kind="stable")
