"""Measures of lists beyond hits: diversity, novelty and popularity bias, vectorised over users, in plain NumPy.

Lists and targets are as in `trainer.metrics.ranking`; -1 stands for no product. Measures are one value a user, NaN
where a user's list or targets have too few products for one.
"""

import numpy as np
from scipy import stats

from trainer.metrics.ranking import FloatArray, IntArray, divide_or_nan

_UNSEEN_EVENTS = 0.5


def shared_products(listed: IntArray, lists: int) -> float:
    """Returns how many products two of some lists have in common, on average over the pairs of lists.

    Args:
        listed: int; the products of all lists one after another, in any order, each once a list.
        lists: How many lists there are.

    Returns:
        NaN with fewer than two lists.
    """
    if lists < 2:
        return float("nan")
    times = np.unique(listed, return_counts=True)[1]
    return float((times * (times - 1) // 2).sum() / (lists * (lists - 1) // 2))


def diversity_at_k(lists: IntArray, kinds: IntArray, k: int) -> FloatArray:
    """Returns the share of pairs within the first `k` products that are of different kinds.

    This is the mean distance of the pairs of a list (Smyth and McClave, 2001), with distance 1 between kinds and 0
    within one.

    Args:
        lists: int `(users, width)`.
        kinds: int `(products,)` from 0; the kind of each product.
        k: Places that count.

    Returns:
        float64 `(users,)`, from 0 to 1; NaN with fewer than two products.
    """
    first = lists[:, :k]
    present, places = first >= 0, np.arange(first.shape[1])
    # A place without a product gets a kind of its own, so that it makes no pair of equals.
    kind = np.sort(np.where(present, kinds[first], kinds.max() + 1 + places), axis=1)
    starts = np.diff(kind, axis=1, prepend=-1) != 0
    run_start = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    equal_pairs = (places - run_start).sum(axis=1)
    listed = present.sum(axis=1)
    return 1.0 - divide_or_nan(equal_pairs, listed * (listed - 1) // 2)


def novelty_at_k(lists: IntArray, information: FloatArray, k: int) -> FloatArray:
    """Returns the mean self-information of the first `k` products (Zhou et al., 2010).

    Args:
        lists: int `(users, width)`.
        information: float64 `(products,)` as `self_information` gives it, in bits.
        k: Places that count.

    Returns:
        float64 `(users,)` in bits; NaN without a product.
    """
    return _mean_of_listed(lists[:, :k], information)


def popularity_bias_at_k(
    lists: IntArray, percentiles: FloatArray, target_offsets: IntArray, target_index: IntArray, k: int
) -> FloatArray:
    """Returns how much more popular the first `k` products are than the user's targets.

    It is the mean popularity percentile of the listed products minus that of the targets: 0 where they are equally
    popular, above 0 where the list leans to popular products. Like the group average popularity of Abdollahpouri et
    al. (2019) it compares what users are shown with what they choose; but user by user, in percentiles, which a few
    bestsellers do not dominate, and as a difference instead of a ratio.

    Args:
        lists: int `(users, width)`.
        percentiles: float64 `(products,)` as `popularity_percentiles` gives them.
        target_offsets: int `(users + 1,)`.
        target_index: int `(targets,)`.
        k: Places that count.

    Returns:
        float64 `(users,)`, from -1 to 1; NaN without a product or without a target.
    """
    counts = np.diff(target_offsets)
    user = np.repeat(np.arange(len(lists)), counts)
    wanted = np.bincount(user, percentiles[target_index], minlength=len(lists))
    return _mean_of_listed(lists[:, :k], percentiles) - divide_or_nan(wanted, counts)


def self_information(popularity: FloatArray) -> FloatArray:
    """Returns -log2 of the share of all events that each product has.

    A product without events counts as half of one, or as half of the least popular product where events weigh
    less than 1.

    Args:
        popularity: float64 `(products,)`; weighted events, not below 0.

    Returns:
        float64 `(products,)` in bits.
    """
    least = popularity.min(initial=1.0, where=popularity > 0.0)
    events = np.where(popularity > 0.0, popularity, _UNSEEN_EVENTS * least)
    information: FloatArray = -np.log2(events / events.sum())
    return information


def popularity_percentiles(popularity: FloatArray) -> FloatArray:
    """Returns the place of each product between the least popular (0) and the most (1); equal ones share a mean.

    Args:
        popularity: float64 `(products,)`.

    Returns:
        float64 `(products,)`.
    """
    percentiles: FloatArray = (stats.rankdata(popularity) - 1.0) / max(len(popularity) - 1, 1)
    return percentiles


def _mean_of_listed(first: IntArray, values: FloatArray) -> FloatArray:
    present = first >= 0
    return divide_or_nan(np.where(present, values[first], 0.0).sum(axis=1), present.sum(axis=1))
