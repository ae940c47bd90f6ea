"""Which products are never recommended, as the products table and the configuration say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from serving.graph.catalogue import category_levels
from trainer.exporting import byte_strings
from trainer.recommendation.options import LeaveOutOptions

_COLUMN = "recommendable"

BoolArray = npt.NDArray[np.bool_]


def never_recommended(catalogue: pa.Table, options: LeaveOutOptions) -> dict[str, dict[str, BoolArray]]:
    """Finds the products that each reason leaves out.

    Args:
        catalogue: Columns product_id, category and maybe recommendable.
        options: Categories and ids.

    Returns:
        By `category` and `product_id`, each category and id of the options with the products that it leaves out, bool
        `(products,)`, which may be none; and by `recommendable` those whose column says `false`.
    """
    # Many products have one category: each is looked at once.
    categories, places = np.unique(np.array(byte_strings(catalogue["category"]), object), return_inverse=True)
    levels_of = [category_levels(category) for category in categories]
    ids = np.array(catalogue["product_id"].to_pylist(), dtype=object)
    found: dict[str, dict[str, BoolArray]] = {
        "category": {
            name: np.array([_holds(levels, category_levels(name.encode())) for levels in levels_of], np.bool_)[places]
            for name in options.category
        },
        "product_id": {name: np.asarray(ids == name, np.bool_) for name in options.product_id},
    }
    if _COLUMN in catalogue.column_names:
        found[_COLUMN] = {"false": ~catalogue[_COLUMN].fill_null(True).to_numpy()}
    return found


def recommendable_products(catalogue: pa.Table, options: LeaveOutOptions) -> BoolArray:
    """Returns bool `(products,)`: which products may be recommended; see `never_recommended`."""
    return ~_left_out(never_recommended(catalogue, options), len(catalogue))


def left_out_counts(catalogue: pa.Table, options: LeaveOutOptions) -> Mapping[str, Any]:
    """Returns how many products are left out in all, and by each reason; for the model card."""
    reasons = never_recommended(catalogue, options)
    by_reason = {
        reason: {name: int(products.sum()) for name, products in found.items()} for reason, found in reasons.items()
    }
    return {"products": int(_left_out(reasons, len(catalogue)).sum()), **by_reason}


def _left_out(reasons: Mapping[str, Mapping[str, BoolArray]], products: int) -> BoolArray:
    """Returns which products any reason leaves out, bool `(products,)`."""
    found = [rows for of_reason in reasons.values() for rows in of_reason.values()]
    return np.any([np.zeros(products, np.bool_), *found], axis=0)


def _holds(levels: Sequence[bytes], wanted: Sequence[bytes]) -> bool:
    """Says whether some levels stand one after another among those of a category."""
    starts = range(len(levels) - len(wanted) + 1)
    return bool(wanted) and any(tuple(levels[start : start + len(wanted)]) == tuple(wanted) for start in starts)
