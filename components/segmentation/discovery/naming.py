"""Names of discovered segments: those that they had, or the kinds that set them apart."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix

IntArray = npt.NDArray[np.int64]

_KINDS_NAMED = 2
# A kind that fewer of a segment's users have says nothing of it.
_MIN_SHARE = 0.1


def earlier_names(
    segments: IntArray, number: int, before: IntArray, names: Sequence[str], min_overlap: float
) -> list[str | None]:
    """Gives segments the names of those that had about the same users, each name at most once.

    Segments are paired so that the overlaps add up to the most (Kuhn, "The Hungarian method for the assignment
    problem", 1955). The overlap of two is Jaccard's: users of both in those of either.

    Args:
        segments: The segment of each user, -1 for none, `(users,)`.
        number: How many segments there are.
        before: What the last run's model says of the same users, `(users,)`.
        names: The names of its segments.
        min_overlap: What a pair must have in common.

    Returns:
        The name of each segment, None where it has none of those.
    """
    overlaps = np.zeros((number, len(names)))
    for new in range(number):
        for old in range(len(names)):
            mine, theirs = segments == new, before == old
            overlaps[new, old] = (mine & theirs).sum() / max((mine | theirs).sum(), 1)
    found: list[str | None] = [None] * number
    for new, old in zip(*linear_sum_assignment(-overlaps), strict=True):
        if overlaps[new, old] >= min_overlap:
            found[new] = names[old]
    return found


def kind_names(had: csr_matrix, segments: IntArray, kinds: Sequence[str], kept: Sequence[str | None]) -> list[str]:
    """Names segments after the kinds that set them apart, where they have no name yet.

    Of the kinds that a tenth of a segment's users have or more, those are named that tell most: the share of its users
    who have it times the log of that share by the share of all users, a term of the relative entropy of the segment
    beside all (Kullback and Leibler, 1951). Two segments never have the same name: a kind more, or at last a number,
    tells them apart.

    Args:
        had: Whether users have kinds, `(users, kinds)`; above zero is yes.
        segments: The segment of each user, -1 for none, `(users,)`.
        kinds: Names of the kinds.
        kept: The name that a segment keeps, else None.

    Returns:
        A name each.
    """
    matrix = (had > 0).astype(np.float64)
    all_shares = np.asarray(matrix.mean(axis=0)).ravel()
    taken = {name for name in kept if name is not None}
    names = []
    for segment, name in enumerate(kept):
        if name is None:
            shares = np.asarray(matrix[segments == segment].mean(axis=0)).ravel()
            with np.errstate(divide="ignore", invalid="ignore"):
                gains = np.where(shares >= _MIN_SHARE, shares * np.log(shares / all_shares), -np.inf)
            order = [kinds[place] for place in np.argsort(-gains, kind="stable")]
            name = _unlike(order, taken, segment)
            taken.add(name)
        names.append(name)
    return names


def _unlike(order: Sequence[str], taken: set[str], segment: int) -> str:
    for kinds in range(_KINDS_NAMED, _KINDS_NAMED + 3):
        name = " and ".join(order[:kinds])
        if name and name not in taken:
            return name
    return f"{' and '.join(order[:_KINDS_NAMED])} {segment + 1}"
