"""Itemsets by counting every subset of every basket, and random baskets in the form that is mined."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from components.rules.itemset_mining import NO_ITEM, Baskets, Itemsets


def counted_subsets(baskets: Sequence[Sequence[int]], min_count: int, max_length: int) -> dict[tuple[int, ...], int]:
    """Count of each frequent itemset, members ascending."""
    counts: Counter[tuple[int, ...]] = Counter()
    for basket in baskets:
        for length in range(1, max_length + 1):
            counts.update(combinations(sorted(basket), length))
    return {itemset: count for itemset, count in counts.items() if count >= min_count}


def as_baskets(baskets: Sequence[Sequence[int]], recent: Sequence[bool]) -> Baskets:
    """Lists of distinct ranks one after another."""
    sizes = [len(basket) for basket in baskets]
    return Baskets(
        items=np.array([item for basket in baskets for item in sorted(basket)], dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        recent=np.array(recent, dtype=bool),
    )


def as_counts(tables: Sequence[Itemsets]) -> tuple[dict[tuple[int, ...], int], dict[tuple[int, ...], int]]:
    """Count and recent count of each itemset; none may be found twice."""
    joined = Itemsets.joined(tables)
    itemsets = [tuple(item for item in row if item != NO_ITEM) for row in joined.items.tolist()]
    assert len(set(itemsets)) == len(itemsets)
    return (
        dict(zip(itemsets, joined.count.tolist(), strict=True)),
        dict(zip(itemsets, joined.recent_count.tolist(), strict=True)),
    )
