"""What people chose of the queries that they have asked, as the served model wants it."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from serving.search.personal.asked_before import AskedQueries
from trainer.search.personal.examples import AskedExample

# Queries that are kept, those that were chosen of most, and products of each.
_MOST_QUERIES, _MOST_PRODUCTS = 20_000, 20

Embed = Callable[[list[str]], npt.NDArray[np.float32]]


def asked_queries(examples: Sequence[AskedExample], embed: Embed, scale: float = 1.0) -> AskedQueries:
    """Adds up what users chose of each query; capitals and spaces make no difference.

    Args:
        examples: What they chose.
        embed: Maps queries to vectors of length 1, `(queries, dimensions)`.
        scale: Multiplies the weights: of some of the users, so that they are as high as those of all.
    """
    chosen: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for example in examples:
        of_query = chosen[" ".join(example.query.lower().split())]
        for product, weight in zip(example.targets.tolist(), example.weights.tolist(), strict=True):
            of_query[product] += scale * weight
    totals = {query: sum(of_query.values()) for query, of_query in chosen.items()}
    kept = sorted(totals, key=lambda query: (-totals[query], query))[:_MOST_QUERIES] or [""]
    products = np.full((len(kept), _MOST_PRODUCTS), -1, np.int32)
    weights = np.zeros((len(kept), _MOST_PRODUCTS), np.float32)
    for row, query in enumerate(kept):
        best = sorted(chosen[query].items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_PRODUCTS]
        products[row, : len(best)] = [product for product, _ in best]
        weights[row, : len(best)] = [weight for _, weight in best]
    return AskedQueries(vectors=embed(kept), products=products, weights=weights)


def popularity_of(examples: Sequence[AskedExample], products: int, scale: float = 1.0) -> npt.NDArray[np.float64]:
    """Returns how much each product was chosen, whatever was asked, float64 `(products,)`."""
    total = np.zeros(products)
    for example in examples:
        np.add.at(total, example.targets, scale * example.weights)
    return total
