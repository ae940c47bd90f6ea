"""The Parquet tables of mined itemsets and rules."""

from typing import Any

import numpy as np
import pyarrow as pa

from components.rules.association import FloatArray, Rules, rule_measures
from components.rules.frequent_items import FrequentItems
from components.rules.itemset_mining import NO_ITEM, IntArray, Itemsets
from components.rules.level_items import LevelItems

_MEMBERS = pa.list_(pa.string())
_STABILITY = [("recent_support", pa.float64()), ("earlier_support", pa.float64()), ("stability", pa.float64())]
ITEMSETS_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("items", _MEMBERS),
        ("length", pa.int32()),
        ("count", pa.int64()),
        ("support", pa.float64()),
        *_STABILITY,
    ]
)
RULES_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("antecedent", _MEMBERS),
        ("consequent", pa.string()),
        ("antecedent_titles", _MEMBERS),
        ("consequent_title", pa.string()),
        ("count", pa.int64()),
        ("antecedent_count", pa.int64()),
        ("consequent_count", pa.int64()),
        ("support", pa.float64()),
        ("antecedent_support", pa.float64()),
        ("consequent_support", pa.float64()),
        ("confidence", pa.float64()),
        ("lift", pa.float64()),
        ("leverage", pa.float64()),
        ("conviction", pa.float64()),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        *_STABILITY,
    ]
)


def itemsets_table(level: str, itemsets: Itemsets, frequent: FrequentItems, names: pa.Array) -> pa.Table:
    """Returns itemsets with `ITEMSETS_SCHEMA`.

    Args:
        level: Name of the level.
        itemsets: Of ranks.
        frequent: The items behind the ranks, and the number of baskets.
        names: The name of each item, string.
    """
    columns = {
        "level": pa.array([level] * len(itemsets)),
        "items": _members(itemsets.items, frequent, names),
        "length": pa.array((itemsets.items != NO_ITEM).sum(axis=1).astype(np.int32)),
        "count": pa.array(itemsets.count),
        "support": pa.array(itemsets.count / frequent.baskets),
        **_stability(itemsets.count, itemsets.recent_count, frequent),
    }
    return pa.table(columns, schema=ITEMSETS_SCHEMA)


def rules_table(
    level: str, rules: Rules, p_values: FloatArray, q_values: FloatArray, frequent: FrequentItems, items: LevelItems
) -> pa.Table:
    """Returns rules with `RULES_SCHEMA`.

    Args:
        level: Name of the level.
        rules: Of ranks.
        p_values: One a rule.
        q_values: One a rule.
        frequent: The items behind the ranks, and the number of baskets.
        items: Names and titles of the items.
    """
    consequent = pa.array(frequent.item[rules.consequent])
    columns = {
        "level": pa.array([level] * len(rules), pa.string()),
        "antecedent": _members(rules.antecedent, frequent, items.names),
        "consequent": items.names.take(consequent),
        "antecedent_titles": _members(rules.antecedent, frequent, items.titles),
        "consequent_title": items.titles.take(consequent),
        "count": pa.array(rules.count),
        "antecedent_count": pa.array(rules.antecedent_count),
        "consequent_count": pa.array(rules.consequent_count),
        **{name: pa.array(values) for name, values in rule_measures(rules, frequent.baskets).items()},
        "p_value": pa.array(p_values),
        "q_value": pa.array(q_values),
        **_stability(rules.count, rules.recent_count, frequent),
    }
    return pa.table(columns, schema=RULES_SCHEMA)


def _members(ranks: IntArray, frequent: FrequentItems, names: pa.Array) -> pa.ListArray:
    held = ranks != NO_ITEM
    offsets = np.concatenate([[0], np.cumsum(held.sum(axis=1))])
    members = names.take(pa.array(frequent.item[ranks[held]]))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), members)


def _stability(count: IntArray, recent_count: IntArray, frequent: FrequentItems) -> dict[str, Any]:
    """Returns the support in the last weeks, in all weeks before, and the smaller of the two over the larger.

    All are null where either period has no basket.
    """
    earlier_baskets = frequent.baskets - frequent.recent_baskets
    if not frequent.recent_baskets or not earlier_baskets:
        nothing = pa.nulls(len(count), pa.float64())
        return dict.fromkeys(("recent_support", "earlier_support", "stability"), nothing)
    recent, earlier = recent_count / frequent.recent_baskets, (count - recent_count) / earlier_baskets
    return {
        "recent_support": pa.array(recent),
        "earlier_support": pa.array(earlier),
        "stability": pa.array(np.minimum(recent, earlier) / np.maximum(recent, earlier)),
    }
