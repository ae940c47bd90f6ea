"""How much of what is recommended goes to each brand or seller, beside what was bought of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from components.gate.slice_gaps import LEAST_MEMBERS, SliceGap, gap_details
from trainer.metrics.gaps import Gap

# Values of a column that are looked at: those that are shown or bought most.
_LARGEST = 20
_EXPOSURE = "exposure"

FloatArray = npt.NDArray[np.float64]


class _Shares(NamedTuple):
    """A value's share of attention with its standard error, and its share of all events."""

    exposure: float
    error: float
    events: float


def exposure_details(
    lists: Sequence[Sequence[int]], columns: Mapping[str, Sequence[str | None]], event_counts: npt.NDArray[np.integer]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns of each large brand, seller and so on its share of attention in lists, and its share of all events.

    A place counts by how far down it is, as in NDCG: 1 / log2(place + 1) (Singh and Joachims, "Fairness of exposure in
    rankings", KDD 2018). A user's places add up to 1, so each user counts once.

    Args:
        lists: Product indices that each user was recommended, best first.
        columns: By column, each product's value; None or empty for none, which stand together under an empty name.
        event_counts: int `(products,)`, events of each product.

    Returns:
        By column and value: `exposure`, `events`, and of their `difference` what
        `components.gate.slice_gaps.gap_details` says, corrected for all values of all columns together. Nothing with
        under 30 users, and no column that has not two values.
    """
    shown = [np.asarray(each) for each in lists if len(each)]
    if len(shown) < LEAST_MEMBERS or not event_counts.sum():
        return {}
    discounts = 1.0 / np.log2(np.arange(2, max(map(len, shown)) + 2))
    weights = [discounts[: len(each)] / discounts[: len(each)].sum() for each in shown]
    shares = {
        (column, name): found
        for column, values in columns.items()
        for name, found in _shares_of_values(shown, weights, values, event_counts)
    }
    gaps = [
        SliceGap(column, name, _EXPOSURE, len(shown), Gap(each.exposure - each.events, each.error))
        for (column, name), each in shares.items()
    ]
    return {
        column: {
            name: {
                "exposure": shares[column, name].exposure,
                "events": shares[column, name].events,
                **tested[_EXPOSURE],
            }
            for name, tested in by_name.items()
        }
        for column, by_name in gap_details(gaps).items()
    }


def _shares_of_values(
    shown: Sequence[npt.NDArray[np.integer]],
    weights: Sequence[FloatArray],
    values: Sequence[str | None],
    event_counts: npt.NDArray[np.integer],
) -> Iterator[tuple[str, _Shares]]:
    """Yields the largest values of a column, those with the largest share of either kind first."""
    names, of_product = np.unique(np.array([value or "" for value in values], object), return_inverse=True)
    if len(names) < 2:
        return
    events = np.bincount(of_product, weights=event_counts, minlength=len(names)) / event_counts.sum()
    total, squares = np.zeros(len(names)), np.zeros(len(names))
    for products, weight in zip(shown, weights, strict=True):
        share = np.bincount(of_product[products], weights=weight, minlength=len(names))
        total += share
        squares += share**2
    mean = total / len(shown)
    errors = np.sqrt(np.maximum(squares / len(shown) - mean**2, 0.0) / (len(shown) - 1))
    for place in np.argsort(-np.maximum(mean, events), kind="stable")[:_LARGEST].tolist():
        yield str(names[place]), _Shares(float(mean[place]), float(errors[place]), float(events[place]))
