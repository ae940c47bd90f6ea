"""Counts of single items: the first pass over the baskets, and what it decides for the second."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.rules.baskets import basket_items
from components.rules.itemset_mining import IntArray
from components.rules.options import Level, RulesOptions

# Items of the baskets that one worker gets at a time, about; 4 bytes each.
_ITEMS_PER_GROUP = 4_000_000
# Work for so many workers, however small the data.
_LEAST_GROUPS = 16


@dataclass(kw_only=True, eq=False)
class ItemCounts:
    """What was seen of the baskets of a level; two add up with `+`.

    Attributes:
        baskets: Baskets with any item.
        by_item: int64 `(items,)`; baskets that hold each item. Empty before any was seen.
        by_day: Baskets of each day, where they have one.
    """

    baskets: int = 0
    by_item: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    by_day: Counter[int] = field(default_factory=Counter)

    def __add__(self, other: "ItemCounts") -> "ItemCounts":
        longer, shorter = sorted((self.by_item, other.by_item), key=len, reverse=True)
        by_item = longer.copy()
        by_item[: len(shorter)] += shorter
        return ItemCounts(baskets=self.baskets + other.baskets, by_item=by_item, by_day=self.by_day + other.by_day)


class SumItemCounts(beam.CombineFn):
    """Adds up `ItemCounts`; memory grows with the items."""

    def create_accumulator(self) -> ItemCounts:
        """Returns zeros."""
        return ItemCounts()

    def add_input(self, accumulator: ItemCounts, element: ItemCounts) -> ItemCounts:
        """Adds one."""
        return accumulator + element

    def merge_accumulators(self, accumulators: Iterable[ItemCounts]) -> ItemCounts:
        """Adds many."""
        return sum(accumulators, ItemCounts())

    def extract_output(self, accumulator: ItemCounts) -> ItemCounts:
        """Returns the sum."""
        return accumulator


def count_items(baskets: pa.Table) -> ItemCounts:
    """Counts the baskets of a table."""
    items, _ = basket_items(baskets)
    days = pc.value_counts(baskets["day"].drop_null()).to_pylist()
    return ItemCounts(
        baskets=len(baskets),
        by_item=np.bincount(items).astype(np.int64),
        by_day=Counter({entry["values"]: entry["counts"] for entry in days}),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class FrequentItems:
    """The frequent items of a level, and how the work is dealt out.

    Attributes:
        item: int64 `(frequent,)`; the item of each rank. Rank 0 is in most baskets; ties go by item.
        count: int64 `(frequent,)`; baskets that hold it.
        min_count: Baskets that an itemset needs.
        groups: Groups that ranks are dealt out to, by turns: rank r belongs to group `r % groups`.
        baskets: Baskets in all.
        recent_from_day: First day of the last weeks; None where baskets have no day.
        recent_baskets: Baskets from that day on.
    """

    item: IntArray
    count: IntArray
    min_count: int
    groups: int
    baskets: int
    recent_from_day: int | None
    recent_baskets: int

    def ranks(self, items: IntArray) -> IntArray:
        """Returns the rank of each item, int32, -1 for one that is not frequent."""
        known = max(int(self.item.max(initial=0)), int(items.max(initial=0))) + 1
        rank_of_item = np.full(known, -1, dtype=np.int32)
        rank_of_item[self.item] = np.arange(len(self.item))
        return rank_of_item[items]


def choose_frequent_items(counts: ItemCounts, options: RulesOptions, level: Level) -> FrequentItems:
    """Chooses the items that can be part of a frequent itemset.

    Args:
        counts: Counts over all baskets.
        options: How many baskets an itemset needs, and how many weeks up to the last basket are recent.
        level: Whose items were counted.
    """
    min_count = options.least_count(level, counts.baskets)
    frequent = np.flatnonzero(counts.by_item >= min_count)
    frequent = frequent[np.argsort(-counts.by_item[frequent], kind="stable")]
    count = counts.by_item[frequent]
    # Where items were independent, the baskets of an item would hold this many items before it, on the average.
    share = count / max(1, counts.baskets)
    expected_items = float((count * (1 + np.cumsum(share) - share)).sum())
    groups = max(_LEAST_GROUPS, math.ceil(expected_items / _ITEMS_PER_GROUP))
    recent_from_day = max(counts.by_day) - 7 * options.recent_weeks + 1 if counts.by_day else None
    return FrequentItems(
        item=frequent,
        count=count,
        min_count=min_count,
        groups=max(1, min(groups, len(frequent))),
        baskets=counts.baskets,
        recent_from_day=recent_from_day,
        recent_baskets=sum(n for day, n in counts.by_day.items() if recent_from_day and day >= recent_from_day),
    )
