"""Who will be first to buy a new product: learned from the new products of earlier periods and who bought them."""

from collections import Counter
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.events.history import IntArray
from components.segmentation.profiles.boosting import BoostedPairs
from components.segmentation.profiles.new_products import GROUPS, HABITS, ProductGroups, new_product_habits

K = 10
# Pairs of each user that nothing came of, for one moment; more tell little more.
_OTHERS = 60
_USERS_AT_ONCE = 64
# Of a category and brand that are named before anything else is.
_OF_A_KIND = 3

Habits = npt.NDArray[np.float32]


class FirstBuyers(BoostedPairs):
    """Gradient boosting on `HABITS`; its scores order new products for a user, and are no chances."""

    settings: ClassVar[dict[str, Any]] = {
        "max_iter": 100,
        "learning_rate": 0.1,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 50,
    }


class JudgedNew(NamedTuple):
    """Users who bought something new, and all new products.

    Attributes:
        habits: float32 `(users, new products, numbers)`.
        bought: Whether each user bought each product, `(users, new products)`.
        users: Which of the users that were asked about these are, `(users,)`.
    """

    habits: Habits
    bought: npt.NDArray[np.bool_]
    users: IntArray

    def scores(self, model: FirstBuyers) -> dict[str, npt.NDArray[np.float32]]:
        """Returns the scores of the model and of its peers, `(users, new products)` each."""
        deepest = [self.habits[..., HABITS.index(f"share of the purchases of the {group}")] for group in GROUPS[:2]]
        scores = [
            model.of(self.habits[start : start + _USERS_AT_ONCE])
            for start in range(0, len(self.habits), _USERS_AT_ONCE)
        ]
        return {
            "habits": np.concatenate(scores),
            "category": deepest[1] + 1e-3 * deepest[0],
            "popularity": self.habits[..., HABITS.index("sold lately of the category and brand")],
        }


def training_pairs(
    user: IntArray, product: IntArray, time: IntArray, users: int, groups: ProductGroups, end: int, back: int,
    period_seconds: int,
) -> tuple[Habits, npt.NDArray[np.bool_]]:  # fmt: skip
    """Returns pairs to learn from: all that users bought of what was new at a moment, and some that they did not.

    Args:
        user: Of each purchase, the user, `(purchases,)`.
        product: The product's row, -1 where it is not known, `(purchases,)`.
        time: Unix seconds, `(purchases,)`.
        users: How many users there are.
        groups: The products.
        end: Unix seconds of the end of the events.
        back: Periods from the moment to that end, 1 or more.
        period_seconds: Length of a period.
    """
    habits, bought = [np.zeros((0, len(HABITS)), np.float32)], [np.zeros(0, np.bool_)]
    random = np.random.default_rng(back)
    for start in range(0, users, _USERS_AT_ONCE):
        chosen = np.arange(start, min(start + _USERS_AT_ONCE, users))
        judged = judged_rows(user, product, time, chosen, groups, end, back, period_seconds)
        others = random.random(judged.bought.shape) < _OTHERS / max(judged.bought.shape[1], 1)
        kept = judged.bought | others
        habits.append(judged.habits[kept])
        bought.append(judged.bought[kept])
    return np.concatenate(habits), np.concatenate(bought)


def judged_rows(
    user: IntArray, product: IntArray, time: IntArray, chosen: IntArray, groups: ProductGroups, end: int, back: int,
    period_seconds: int,
) -> JudgedNew:  # fmt: skip
    """Returns those of some users who bought before a moment, and something that was new then; arguments as above.

    `chosen` are the users, in order.
    """
    moment = end - back * period_seconds
    new = groups.new(back, sold=True)
    kept = np.isin(user, chosen) & (product >= 0)
    user, product, time = np.searchsorted(chosen, user[kept]), product[kept], time[kept]
    past = time < moment
    place = np.full(len(groups.product_ids), -1)
    place[new] = np.arange(len(new))
    after = ~past & (time < moment + period_seconds) & (place[product] >= 0)
    bought = np.zeros((len(chosen), len(new)), np.bool_)
    bought[user[after], place[product[after]]] = True
    judged = bought.any(axis=1) & (np.bincount(user[past], minlength=len(chosen)) > 0)
    rows = np.flatnonzero(judged)
    past &= judged[user]
    habits = new_product_habits(
        np.searchsorted(rows, user[past]), product[past], moment - time[past], len(rows), groups, new, back,
        period_seconds,
    )  # fmt: skip
    return JudgedNew(habits, bought[rows], rows)


def best_new_products(
    user: IntArray, product: IntArray, age: IntArray, users: int, groups: ProductGroups, model: FirstBuyers, most: int,
    k: int, period_seconds: int,
) -> list[list[str]]:  # fmt: skip
    """Returns the ids of the new products that suit each user best, the best first.

    Of products with one title, which nobody can tell apart, only the best one is named; of a category and brand the
    best three come first, and more only where there is nothing else.

    Args:
        user: Of each purchase, the user, `(purchases,)`.
        product: The product's row, `(purchases,)`.
        age: Seconds before the end of the events, above zero, `(purchases,)`.
        users: How many users there are.
        groups: The products.
        model: Orders them.
        most: New products that are ranked at the most.
        k: How many to return.
        period_seconds: Length of a period.
    """
    new = groups.new(0, sold=False)
    lately = np.bincount(groups.codes[1], groups.bought[:, 0] - groups.bought[:, 1])
    new = np.sort(new[np.argsort(-lately[groups.codes[1][new]], kind="stable")[:most]])
    ids = [each.decode("utf-8", "surrogateescape") for each in groups.product_ids.take(pa.array(new)).to_pylist()]
    titles, kinds = groups.codes[GROUPS.index("title"), new], groups.codes[GROUPS.index("category and brand"), new]
    found: list[list[str]] = []
    for start in range(0, users if len(new) else 0, _USERS_AT_ONCE):
        kept = (user >= start) & (user < start + _USERS_AT_ONCE)
        count = min(_USERS_AT_ONCE, users - start)
        asked = user[kept] - start, product[kept], age[kept], count
        scores = model.of(new_product_habits(*asked, groups, new, 0, period_seconds))
        for ranked in np.argsort(-scores, axis=1, kind="stable"):
            found.append([ids[place] for place in _varied(ranked, titles, kinds)[:k]])
    return found or [[] for _ in range(users)]


def recall(scores: npt.NDArray[np.float32], bought: npt.NDArray[np.bool_]) -> float:
    """Returns the mean share of a user's new products that are among the ten best; equal scores in an order by chance.

    Args:
        scores: `(users, new products)`.
        bought: Whether each user bought each product, the same shape; each user one or more.
    """
    ties = np.random.default_rng(0).random(scores.shape[1])
    best = np.stack([np.lexsort((ties, -row))[:K] for row in scores])
    return float(np.mean(np.take_along_axis(bought, best, axis=1).sum(axis=1) / bought.sum(axis=1)))


def _varied(ranked: IntArray, titles: IntArray, kinds: IntArray) -> list[int]:
    """Returns ranked places, each title once, and those of a kind that has been named three times last."""
    kept = ranked[np.sort(np.unique(titles[ranked], return_index=True)[1])]
    named: Counter[int] = Counter()
    first: list[int] = []
    later: list[int] = []
    for place, kind in zip(kept.tolist(), kinds[kept].tolist(), strict=True):
        (first if named[kind] < _OF_A_KIND else later).append(place)
        named[kind] += 1
    return first + later
