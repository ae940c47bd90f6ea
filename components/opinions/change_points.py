"""Weeks in which more reviews were negative than usual."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

Counts = npt.NDArray[np.int64]

# Fewer reviews of some weeks say nothing.
LEAST_REVIEWS = 5
# What a stretch has to add to the logarithm of the likelihood: one for its share and one for where it begins.
_PENALTY = 2.0
_TWO_SIDED_95 = 1.959963984540054


class BadWeeks(NamedTuple):
    """Some weeks in a row that were worse than the others.

    Attributes:
        first: The first week.
        last: The last week.
        reviews: How many reviews they have.
        negatives: How many of them are negative.
        usual: Share of negative reviews in all other weeks.
        p_value: Chance that some weeks in a row of the series were as bad, if nothing had changed.
    """

    first: int
    last: int
    reviews: int
    negatives: int
    usual: float
    p_value: float


def share_interval(negatives: int, reviews: int) -> tuple[float, float]:
    """Returns the 95% interval of a share (Wilson, "Probable inference", JASA 1927)."""
    z_squared = _TWO_SIDED_95**2
    share = negatives / reviews
    middle = (share + z_squared / (2 * reviews)) / (1 + z_squared / reviews)
    half = _TWO_SIDED_95 * math.sqrt(share * (1 - share) / reviews + z_squared / (4 * reviews**2))
    half /= 1 + z_squared / reviews
    # Rounding may leave a share of 0 or 1 outside.
    return max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0)


def change_points(negatives: Counts, reviews: Counts) -> list[int]:
    """Returns where a series of shares changes: the beginnings of its stretches, the first one 0.

    The stretches have the highest likelihood of binomial counts of one share each, less a penalty a stretch, that of
    Akaike's criterion: a stretch is a candidate, which is tested then. Found exactly by optimal partitioning (Jackson
    et al., "An algorithm for optimal partitioning of data on an interval", 2005), in time that grows with the square
    of the weeks.

    Args:
        negatives: Negative reviews of each week, int64 `(weeks,)`.
        reviews: All reviews of each week, one at least.
    """
    weeks = len(reviews)
    sums = np.concatenate([[0], np.cumsum(negatives)]), np.concatenate([[0], np.cumsum(reviews)])
    best = np.zeros(weeks + 1)
    last = np.zeros(weeks + 1, np.int64)
    for end in range(1, weeks + 1):
        fits = best[:end] + _log_likelihood(sums[0][end] - sums[0][:end], sums[1][end] - sums[1][:end]) - _PENALTY
        last[end] = int(fits.argmax())
        best[end] = fits[last[end]]
    starts, end = [], weeks
    while end > 0:
        end = int(last[end])
        starts.append(end)
    return starts[::-1]


def bad_weeks(weeks: Sequence[int], negatives: Counts, reviews: Counts) -> list[BadWeeks]:
    """Returns the stretches of a series that are worse than the rest of it, with the chance of each.

    Each is compared with all other weeks by Fisher's exact test. As the stretch was looked for, its chance is
    multiplied by the number of weeks: of series in which nothing changes, 2% to 11% then have a stretch below 0.05 and
    0.3% one below 0.002, in simulations of 30 to 100 weeks of 1.5 to 20 reviews. (There are many more stretches, most
    of which say nearly the same.)

    Args:
        weeks: Each week that has reviews, in order.
        negatives: Negative reviews of each, int64 `(weeks,)`.
        reviews: All reviews of each.
    """
    starts = change_points(negatives, reviews)
    all_reviews, all_negatives = int(reviews.sum()), int(negatives.sum())
    found = []
    for start, end in zip(starts, [*starts[1:], len(weeks)], strict=True):
        own, bad = int(reviews[start:end].sum()), int(negatives[start:end].sum())
        others = all_reviews - own
        if not others or own < LEAST_REVIEWS:
            continue
        usual = (all_negatives - bad) / others
        if bad / own > usual:
            chance = float(stats.hypergeom.sf(bad - 1, all_reviews, all_negatives, own))
            found.append(BadWeeks(weeks[start], weeks[end - 1], own, bad, usual, min(chance * len(weeks), 1.0)))
    return found


def false_discovery_limit(p_values: Sequence[float], tests: int, share: float) -> float:
    """Returns the largest chance that is still an alarm (Benjamini and Hochberg 1995); below 0 where none is.

    Args:
        p_values: The chances that are low enough to matter, in any order.
        tests: How many series were looked at.
        share: Of the alarms, the share that may be false.
    """
    ordered = np.sort(np.asarray(p_values, np.float64))
    passed = np.flatnonzero(ordered <= share * np.arange(1, len(ordered) + 1) / max(tests, 1))
    return float(ordered[passed[-1]]) if len(passed) else -1.0


def _log_likelihood(negatives: npt.NDArray[np.int64], reviews: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    share = negatives / reviews
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = negatives * np.log(share), (reviews - negatives) * np.log1p(-share)
    return np.asarray(np.nan_to_num(terms[0], nan=0.0) + np.nan_to_num(terms[1], nan=0.0))
