"""Ranking metrics over fixed-width lists of product indices, vectorised over users, in plain NumPy.

A list holds a user's products best first; -1 stands for no product, at any place. Targets are flattened: those of
user i are `target_index[target_offsets[i]:target_offsets[i + 1]]`, distinct. Metrics are one value a user, NaN for
a user without targets.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


# Of long rows a block of so many scores is looked at by its highest first.
_BLOCK = 64
# Blocks that there must be for each place of the answer: with fewer, most of a row is searched anyway.
_LEAST_BLOCKS = 4


def highest(scores: npt.NDArray[np.floating], k: int) -> npt.NDArray[np.int64]:
    """Returns the places of the `k` highest scores of each row, best first; of equal ones the first place wins.

    So does `serving.graph.top_k`: what is measured while a model learns is what will be served.

    As in `serving.graph.top_k`, the highest scores of a long row lie in those `k` blocks whose own highest are the
    highest, so only these are searched, and what is left behind the last whole block.

    Args:
        scores: float `(rows, width)`, without NaN.
        k: From 1 to `width`.

    Returns:
        int64 `(rows, k)`.
    """
    rows, width = scores.shape
    blocks = width // _BLOCK
    if blocks < _LEAST_BLOCKS * k:
        return _highest_of_all(scores, k)
    by_block = scores[:, : blocks * _BLOCK].reshape(rows, blocks, _BLOCK).max(axis=2)
    kept = np.sort(_highest_of_all(by_block, k), axis=1)
    searched = (kept[:, :, np.newaxis] * _BLOCK + np.arange(_BLOCK)).reshape(rows, k * _BLOCK)
    rest = np.broadcast_to(np.arange(blocks * _BLOCK, width), (rows, width - blocks * _BLOCK))
    places = np.concatenate([searched, rest], axis=1)
    best = _highest_of_all(np.take_along_axis(scores, places, axis=1), k)
    return np.take_along_axis(places, best, axis=1)


def _highest_of_all(scores: npt.NDArray[np.floating], k: int) -> npt.NDArray[np.int64]:
    best = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    least = np.take_along_axis(scores, best, axis=1).min(axis=1, keepdims=True)
    # Where more than `k` reach the least of them, a partition keeps any of those that are equal.
    torn = np.flatnonzero((scores >= least).sum(axis=1) > k)
    best[torn] = np.argsort(-scores[torn], axis=1, kind="stable")[:, :k]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def hit_matrix(lists: IntArray, target_offsets: IntArray, target_index: IntArray) -> BoolArray:
    """Says which places of the lists hold a target of their user.

    Args:
        lists: int `(users, width)`; no product twice in a row.
        target_offsets: int `(users + 1,)`, from 0, not decreasing.
        target_index: int `(targets,)`.

    Returns:
        bool `(users, width)`.

    Raises:
        ValueError: The offsets do not go with the lists.
    """
    users = len(lists)
    if len(target_offsets) != users + 1:
        raise ValueError(
            f"`target_offsets` should have {users + 1} values, one more than `lists` has rows. "
            f"Received {len(target_offsets)}."
        )
    # A (user, product) pair becomes one number; product -1 gets the slot 0 that no target has.
    stride = int(max(lists.max(initial=-1), target_index.max(initial=-1))) + 2
    wanted = np.sort(np.repeat(np.arange(users, dtype=np.int64), np.diff(target_offsets)) * stride + target_index + 1)
    if not len(wanted):
        return np.zeros(lists.shape, dtype=np.bool_)
    listed = np.arange(users, dtype=np.int64)[:, np.newaxis] * stride + lists + 1
    place = np.minimum(np.searchsorted(wanted, listed), len(wanted) - 1)
    found: BoolArray = wanted[place] == listed
    return found


def recall_at_k(hits: BoolArray, target_counts: IntArray, k: int) -> FloatArray:
    """Returns the share of each user's targets among the first `k` products.

    Args:
        hits: bool `(users, width)` as `hit_matrix` gives it; places past the width are no hits.
        target_counts: int `(users,)`.
        k: Places that count.

    Returns:
        float64 `(users,)`; NaN without targets.
    """
    return divide_or_nan(hits[:, :k].sum(axis=1), target_counts)


def ndcg_at_k(hits: BoolArray, target_counts: IntArray, k: int) -> FloatArray:
    """Returns the normalised discounted cumulative gain of the first `k` products, with binary gains.

    A hit at place i (from 1) gains 1 / log2(i + 1); the ideal list has min(k, targets) hits at its top
    (Järvelin and Kekäläinen, 2002).

    Args:
        hits: bool `(users, width)`.
        target_counts: int `(users,)`.
        k: Places that count.

    Returns:
        float64 `(users,)`; NaN without targets.
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(target_counts, k)]
    gains = hits[:, :k].astype(np.float64)
    return divide_or_nan(gains @ discounts[: gains.shape[1]], ideal)


def mrr_at_k(hits: BoolArray, target_counts: IntArray, k: int) -> FloatArray:
    """Returns the reciprocal rank of the first hit among the first `k` products, 0 without one.

    Args:
        hits: bool `(users, width)`.
        target_counts: int `(users,)`.
        k: Places that count.

    Returns:
        float64 `(users,)`; NaN without targets.
    """
    first = hits[:, :k]
    if not first.shape[1]:
        return divide_or_nan(np.zeros(len(hits)), np.minimum(target_counts, 1))
    reciprocal = np.where(first.any(axis=1), 1.0 / (first.argmax(axis=1) + 1), 0.0)
    return divide_or_nan(reciprocal, np.minimum(target_counts, 1))


def coverage(shown: IntArray, products: int) -> float:
    """Returns the share of the catalogue that is shown to anybody.

    Args:
        shown: int of any shape, as the first k columns of the lists; -1 is no product.
        products: Size of the catalogue.

    Returns:
        A share from 0 to 1.
    """
    seen = np.zeros(products, dtype=np.bool_)
    seen[shown[shown >= 0]] = True
    return float(seen.mean())


def divide_or_nan(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> FloatArray:
    """Returns the quotient of each user, NaN where the denominator is 0."""
    result = np.full(len(denominator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
