"""The Beam transform that mines one level: baskets of products in, tables of itemsets and rules out."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa

from components.events.counts import SumCounters
from components.rules.baskets import level_baskets
from components.rules.frequent_items import FrequentItems
from components.rules.itemset_mining import Itemsets
from components.rules.itemset_steps import MineItemsets
from components.rules.level_items import LevelItems, load_level_items
from components.rules.options import Level, RulesOptions
from components.rules.rule_steps import MakeRules
from components.rules.rule_tables import itemsets_table, rules_table
from components.rules.significance import PValueHistogram
from components.tables.read_back import from_bytes, to_bytes


class MinedLevel(NamedTuple):
    """What comes of a level.

    Attributes:
        itemsets: Tables with `ITEMSETS_SCHEMA`.
        rules: Tables with `RULES_SCHEMA`.
        counts: One dict of what was found, by name.
    """

    itemsets: beam.PCollection[pa.Table]
    rules: beam.PCollection[pa.Table]
    counts: beam.PCollection[dict[str, int]]


class MineLevel(beam.PTransform):
    """Mines the itemsets and rules of a level from Arrow IPC streams with `BASKETS_SCHEMA`.

    Args:
        options: What is mined, and which rules are kept.
        level: Which items.
        catalogue_uri: The catalogue, whose rows the items of the baskets are. Each worker holds the names of the items.
    """

    def __init__(self, options: RulesOptions, level: Level, catalogue_uri: str) -> None:
        super().__init__()
        self._options, self._level, self._catalogue_uri = options, level, catalogue_uri

    def expand(self, baskets: beam.PCollection[bytes]) -> Any:
        """Adds the steps to a pipeline; returns a `MinedLevel`."""
        level, uri = self._level, self._catalogue_uri
        of_level = baskets | "TakeItems" >> beam.ParDo(_TakeItems(level, uri))
        itemsets, frequent, found = of_level | "MineItemsets" >> MineItemsets(self._options, level)
        rules, histogram = itemsets | "MakeRules" >> MakeRules(self._options, frequent, found)
        return MinedLevel(
            itemsets=itemsets | "NameItemsets" >> beam.ParDo(_NameItemsets(level, uri), frequent),
            rules=rules | "NameRules" >> beam.ParDo(_NameRules(level, uri), frequent),
            counts=(
                rules
                | "CountKeptRules" >> beam.Map(_count_kept_rules)
                | "AddUpKeptRules" >> beam.CombineGlobally(SumCounters())
                | "AddOtherCounts" >> beam.Map(_all_counts, frequent, found, histogram)
            ),
        )


class _TakeItems(beam.DoFn):
    """Arrow IPC streams of baskets of products to the same of a level's items; items are loaded once a worker."""

    def __init__(self, level: Level, catalogue_uri: str) -> None:
        self._level, self._catalogue_uri = level, catalogue_uri
        self._items: LevelItems | None = None

    def setup(self) -> None:
        self._items = load_level_items(self._catalogue_uri, self._level)

    def process(self, stream: bytes) -> Iterator[bytes]:
        if self._items is None:
            raise RuntimeError("Beam calls setup() before process().")
        baskets = level_baskets(from_bytes(stream), self._items.of_product)
        if len(baskets):
            yield to_bytes(baskets.combine_chunks())


class _NameItemsets(beam.DoFn):
    """`Itemsets` to tables with `ITEMSETS_SCHEMA`."""

    def __init__(self, level: Level, catalogue_uri: str) -> None:
        self._level, self._catalogue_uri = level, catalogue_uri

    def setup(self) -> None:
        self._names = load_level_items(self._catalogue_uri, self._level).names

    def process(self, itemsets: Itemsets, frequent: FrequentItems) -> Iterator[pa.Table]:
        yield itemsets_table(self._level, itemsets, frequent, self._names)


class _NameRules(beam.DoFn):
    """(rules, p-values, q-values) to tables with `RULES_SCHEMA`."""

    def __init__(self, level: Level, catalogue_uri: str) -> None:
        self._level, self._catalogue_uri = level, catalogue_uri

    def setup(self) -> None:
        self._items = load_level_items(self._catalogue_uri, self._level)

    def process(self, tested: Any, frequent: FrequentItems) -> Iterator[pa.Table]:
        rules, p_values, q_values = tested
        yield rules_table(self._level, rules, p_values, q_values, frequent, self._items)


def _count_kept_rules(tested: Any) -> Counter[str]:
    return Counter(rules=len(tested[0]))


def _all_counts(
    kept: dict[str, int], frequent: FrequentItems, found: int, histogram: PValueHistogram
) -> dict[str, int]:
    return {
        "baskets": frequent.baskets,
        "recent_baskets": frequent.recent_baskets,
        "min_count": frequent.min_count,
        "frequent_items": len(frequent.item),
        "itemsets": found,
        "rules_tested": int(histogram.count.sum()),
        "rules": kept.get("rules", 0),
    }
