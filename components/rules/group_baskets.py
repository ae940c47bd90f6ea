"""Group-dependent baskets: what each group of items needs to know of a basket.

Parallel FP-growth (Li, Wang, Zhang, Zhang and Chang 2008, "PFP: Parallel FP-Growth for Query Recommendation"): the
frequent items are dealt out to groups, and a group gets each basket once, cut after the last of its own items. It then
finds every itemset whose rarest member is its own without any other group.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import concatenated_ranges, run_starts
from components.rules.baskets import basket_items, basket_table
from components.rules.frequent_items import FrequentItems
from components.rules.itemset_mining import Baskets


def group_baskets(baskets: pa.Table, frequent: FrequentItems) -> Iterator[tuple[int, pa.Table]]:
    """Yields (group, its part of the baskets) for each group that needs any.

    Args:
        baskets: Columns items and day; see `BASKETS_SCHEMA`.
        frequent: The frequent items and their groups.

    Yields:
        Tables of the same columns, whose items are ranks in ascending order.
    """
    items, sizes = basket_items(baskets)
    rank = frequent.ranks(items)
    basket = np.repeat(np.arange(len(sizes)), sizes)[rank >= 0]
    rank = rank[rank >= 0]
    order = np.lexsort((rank, basket))
    basket, rank = basket[order], rank[order]
    first = np.searchsorted(basket, np.arange(len(sizes)))
    group = rank % frequent.groups
    # Of each basket's items in a group, in order of group and basket, the last one ends the group's part.
    place = np.lexsort((np.arange(len(rank)), basket, group))
    is_last = np.roll(run_starts(group[place], basket[place]), -1)
    ends = place[is_last]
    starts = first[basket[ends]]
    lengths = ends + 1 - starts
    bounds = np.searchsorted(group[ends], np.arange(frequent.groups + 1))
    for number in range(frequent.groups):
        part = slice(bounds[number], bounds[number + 1])
        if part.start < part.stop:
            cut = rank[concatenated_ranges(starts[part], lengths[part])]
            days = baskets["day"].take(pa.array(basket[ends[part]]))
            yield number, basket_table(cut, lengths[part], days)


def joined_baskets(tables: Iterable[pa.Table], frequent: FrequentItems) -> Baskets:
    """Returns the parts of one group, from all workers, as one."""
    listed = list(tables)
    parts = [basket_items(table) for table in listed]
    sizes = np.concatenate([size for _, size in parts])
    recent = np.zeros(len(sizes), dtype=bool)
    if frequent.recent_from_day is not None:
        days = pa.chunked_array([chunk for table in listed for chunk in table["day"].chunks])
        recent = pc.fill_null(days, frequent.recent_from_day - 1).to_numpy() >= frequent.recent_from_day
    return Baskets(
        items=np.concatenate([items for items, _ in parts]),
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        recent=recent,
    )
