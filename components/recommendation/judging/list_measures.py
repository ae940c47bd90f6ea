"""Each user's metrics of the lists that a system recommends: accuracy, and what the catalogue tells of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.recommendation.judging.user_products import IntArray, UserProducts
from trainer.metrics.lists import (
    diversity_at_k,
    novelty_at_k,
    popularity_bias_at_k,
    popularity_percentiles,
    self_information,
)
from trainer.metrics.ranking import FloatArray, hit_matrix, mrr_at_k, ndcg_at_k, recall_at_k
from trainer.recommendation.judged_users import JudgedUsers

ACCURACY_METRICS = {"recall": recall_at_k, "ndcg": ndcg_at_k, "mrr": mrr_at_k}
LIST_METRICS = ("diversity", "novelty", "popularity_bias")


class Targets(NamedTuple):
    """Flattened targets: those of user i are `products[offsets[i]:offsets[i + 1]]`."""

    offsets: IntArray
    products: IntArray

    @property
    def counts(self) -> IntArray:
        """The number of each user's targets."""
        return np.diff(self.offsets)


def targets_of(users: JudgedUsers) -> Targets:
    """Returns all that users are judged by."""
    return Targets(users.target_offsets, users.target_index)


def novel_targets(users: JudgedUsers, bought: UserProducts, of: npt.NDArray[np.bool_] | None = None) -> Targets:
    """Returns the targets that the users did not buy before; of some users only, bool `(users,)`, if `of` is given."""
    user = np.repeat(np.arange(len(users), dtype=np.int64), np.diff(users.target_offsets))
    novel = ~bought.contains(user, users.target_index)
    if of is not None:
        novel &= of[user]
    return Targets(np.searchsorted(user[novel], np.arange(len(users) + 1)), users.target_index[novel])


class ListMeasures:
    """Measures lists of product indices, a batch of users at a time.

    Args:
        catalogue: Columns popularity (float64) and category (string); row number = product index. The whole
            category is a product's kind; a product without one is a kind of its own.
        ks: List lengths.
    """

    def __init__(self, catalogue: pa.Table, ks: Sequence[int]) -> None:
        popularity = catalogue["popularity"].to_numpy()
        self._kinds = product_kinds(catalogue["category"])
        self._information = self_information(popularity)
        self._percentiles = popularity_percentiles(popularity)
        self._ks = tuple(ks)

    def measure(self, lists: IntArray, targets: Targets) -> dict[str, FloatArray]:
        """Returns every metric at every k, NaN where a user has too little for it.

        Args:
            lists: int `(users, width)`, best first; -1 is no product.
            targets: Of the same users.

        Returns:
            float64 `(users,)` by name, as in `ndcg_at_10`.
        """
        hits = hit_matrix(lists, targets.offsets, targets.products)
        found: dict[str, FloatArray] = {}
        for k in self._ks:
            for metric, measure in ACCURACY_METRICS.items():
                found[f"{metric}_at_{k}"] = measure(hits, targets.counts, k)
            found[f"diversity_at_{k}"] = diversity_at_k(lists, self._kinds, k)
            found[f"novelty_at_{k}"] = novelty_at_k(lists, self._information, k)
            found[f"popularity_bias_at_{k}"] = popularity_bias_at_k(
                lists, self._percentiles, targets.offsets, targets.products, k
            )
        return found


def product_kinds(categories: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Numbers the categories of products.

    Args:
        categories: string `(products,)`; empty where a product has none.

    Returns:
        int64 `(products,)`; equal for equal categories, and found once for a product without one.
    """
    codes = pc.index_in(categories, value_set=pc.unique(categories)).to_numpy().astype(np.int64)
    without = pc.equal(categories, "").to_numpy(zero_copy_only=False).astype(np.bool_)
    return np.where(without, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes)
