"""How much of what is recommended goes to each brand, beside what was bought of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.gate.slice_gaps import LEAST_MEMBERS, SliceGap, gap_details
from trainer.metrics.gaps import Gap

# Brands that are looked at: those that are shown or bought most.
_BRANDS = 20
_EXPOSURE = "exposure"


def brand_exposure(
    lists: Sequence[Sequence[int]], brands: Sequence[str | None], event_counts: npt.NDArray[np.integer]
) -> dict[str, dict[str, Any]]:
    """Returns of each large brand its share of attention in users' lists, and its share of all events.

    A place counts by how far down it is, as in NDCG: 1 / log2(place + 1) (Singh and Joachims, "Fairness of exposure in
    rankings", KDD 2018). A user's places add up to 1, so each user counts once.

    Args:
        lists: Product indices that each user was recommended, best first.
        brands: Brand of each product; None or empty for none, which stand together under an empty name.
        event_counts: int `(products,)`, events of each product.

    Returns:
        By brand: `exposure`, `events`, and of their `difference` what `components.gate.slice_gaps.gap_details` says;
        nothing with under 30 users, or where there are not two brands.
    """
    shown = [np.asarray(each) for each in lists if len(each)]
    names, of_product = np.unique(np.array([brand or "" for brand in brands], object), return_inverse=True)
    events = np.bincount(of_product, weights=event_counts, minlength=len(names))
    if len(shown) < LEAST_MEMBERS or len(names) < 2 or not events.sum():
        return {}
    bought = events / events.sum()
    discounts = 1.0 / np.log2(np.arange(2, max(map(len, shown)) + 2))
    total, squares = np.zeros(len(names)), np.zeros(len(names))
    for each in shown:
        weights = discounts[: len(each)] / discounts[: len(each)].sum()
        share = np.bincount(of_product[each], weights=weights, minlength=len(names))
        total += share
        squares += share**2
    mean = total / len(shown)
    errors = np.sqrt(np.maximum(squares / len(shown) - mean**2, 0.0) / (len(shown) - 1))
    large = np.argsort(-np.maximum(mean, bought), kind="stable")[:_BRANDS]
    gaps = [
        SliceGap(_EXPOSURE, str(names[brand]), _EXPOSURE, len(shown), Gap(mean[brand] - bought[brand], errors[brand]))
        for brand in large.tolist()
    ]
    tested = gap_details(gaps)[_EXPOSURE]
    return {
        str(names[brand]): {
            "exposure": float(mean[brand]),
            "events": float(bought[brand]),
            **{key: _plain(value) for key, value in tested[str(names[brand])][_EXPOSURE].items()},
        }
        for brand in large.tolist()
    }


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else bool(value) if isinstance(value, np.bool_) else value
