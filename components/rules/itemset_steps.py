"""The Beam transform from baskets of a level's items to frequent itemsets."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np

from components.events.counts import SumCounters
from components.rules.frequent_items import (
    FrequentItems,
    ItemCounts,
    SumItemCounts,
    choose_frequent_items,
    count_items,
)
from components.rules.group_baskets import group_baskets, joined_baskets
from components.rules.itemset_mining import Itemsets, mine_itemsets
from components.rules.options import Level, RulesOptions
from components.tables.read_back import from_bytes, to_bytes

_ITEMSETS_AT_ONCE = 100_000


class MineItemsets(beam.PTransform):
    """Arrow IPC streams with `BASKETS_SCHEMA` to `Itemsets`, and what all workers know of them.

    Two passes over the baskets: one counts single items, one deals baskets out to groups of items, which are mined
    on their own. A worker holds the counts of all items and the baskets of one group: some 4 million items, or the
    baskets of one item where those are more.

    Args:
        options: What is mined.
        level: Whose items the baskets hold.
    """

    def __init__(self, options: RulesOptions, level: Level) -> None:
        super().__init__()
        self._options, self._level = options, level

    def expand(self, baskets: beam.PCollection[bytes]) -> Any:
        """Returns itemsets, and as side inputs the `FrequentItems` and the number of itemsets.

        Where there are more than `max_itemsets`, there are none, and the number is only known to be above that.
        """
        options = self._options
        frequent = beam.pvalue.AsSingleton(
            baskets
            | "CountItems" >> beam.Map(_count_items)
            | "AddUpItems" >> beam.CombineGlobally(SumItemCounts())
            | "ChooseFrequentItems" >> beam.Map(choose_frequent_items, options, self._level)
        )
        mined = (
            baskets
            | "CutForGroups" >> beam.FlatMap(_cut_for_groups, frequent)
            | "BringGroupsTogether" >> beam.GroupByKey()
            | "MineGroups" >> beam.ParDo(_MineGroup(options), frequent)
            # Several steps read what was found; none of them should search again.
            | "SpreadItemsets" >> beam.Reshuffle()
        )
        found = beam.pvalue.AsSingleton(
            mined
            | "CountItemsets" >> beam.Map(_count_itemsets)
            | "AddUpItemsets" >> beam.CombineGlobally(SumCounters())
            | "TakeNumber" >> beam.Map(_number_of_itemsets)
        )
        itemsets = mined | "KeepUnlessTooMany" >> beam.Filter(_are_allowed, found, options.max_itemsets)
        return itemsets, frequent, found


class _MineGroup(beam.DoFn):
    """(group, Arrow IPC streams of its baskets) to `Itemsets`, 100,000 at a time; up to one batch too many."""

    def __init__(self, options: RulesOptions) -> None:
        self._max_length, self._max_itemsets = options.max_length, options.max_itemsets

    def process(self, part: tuple[int, Iterable[bytes]], frequent: FrequentItems) -> Iterator[Any]:
        group, streams = part
        baskets = joined_baskets((from_bytes(stream) for stream in streams), frequent)
        suffixes = np.arange(group, len(frequent.item), frequent.groups)
        batch: list[Itemsets] = []
        waiting = found = 0
        for itemsets in mine_itemsets(baskets, suffixes, frequent.min_count, self._max_length):
            batch.append(itemsets)
            waiting += len(itemsets)
            found += len(itemsets)
            if found > self._max_itemsets:
                break
            if waiting >= _ITEMSETS_AT_ONCE:
                yield Itemsets.joined(batch)
                batch, waiting = [], 0
        if batch:
            yield Itemsets.joined(batch)


def _count_items(stream: bytes) -> ItemCounts:
    return count_items(from_bytes(stream))


def _cut_for_groups(stream: bytes, frequent: FrequentItems) -> Iterator[tuple[int, bytes]]:
    for group, part in group_baskets(from_bytes(stream), frequent):
        yield group, to_bytes(part.combine_chunks())


def _count_itemsets(itemsets: Itemsets) -> Counter[str]:
    return Counter(itemsets=len(itemsets))


def _number_of_itemsets(found: dict[str, int]) -> int:
    return found.get("itemsets", 0)


def _are_allowed(_: Itemsets, found: int, most: int) -> bool:
    return found <= most
