"""The Beam transform from frequent itemsets to the rules that are kept."""

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np

from components.rules.association import (
    Rules,
    joined_rules,
    rule_measures,
    rules_of,
    strongest,
    with_antecedent_counts,
)
from components.rules.frequent_items import FrequentItems
from components.rules.itemset_mining import Itemsets
from components.rules.options import RulesOptions
from components.rules.significance import PValueHistogram, SumHistograms, fisher_p_values

_SINGLE, _KNOWN, _WANTED = "single", "known", "wanted"
_RULES_PER_PART = 1_000_000


class MakeRules(beam.PTransform):
    """`Itemsets` to (rules, p-values, q-values) of the rules within the limits, the strongest of each product.

    A rule meets the count of its antecedent by a key, and the other rules of its product by another; what all rules
    share is a histogram of their p-values. A worker holds one part of the rules, about a million.

    Args:
        options: Which rules are kept.
        frequent: Side input of the `FrequentItems`.
        found: Side input of the number of itemsets.
    """

    def __init__(self, options: RulesOptions, frequent: Any, found: Any) -> None:
        super().__init__()
        self._options, self._frequent, self._found = options, frequent, found

    def expand(self, itemsets: beam.PCollection[Itemsets]) -> Any:
        """Returns the kept rules, and as a side input the histogram of the p-values of all."""
        options, frequent, found = self._options, self._frequent, self._found
        parts = itemsets | "SplitItemsets" >> beam.ParDo(_SplitItemsets(), frequent, found).with_outputs(
            _SINGLE, _KNOWN, _WANTED
        )
        looked_up = (
            {_KNOWN: parts[_KNOWN], _WANTED: parts[_WANTED]}
            | "BringAntecedentsTogether" >> beam.CoGroupByKey()
            | "LookUpAntecedents" >> beam.FlatMap(_look_up_antecedents)
        )
        rules = (
            (parts[_SINGLE], looked_up)
            | "GatherRules" >> beam.Flatten()
            | "TestRules" >> beam.Map(_test_rules, frequent)
        )
        histogram = beam.pvalue.AsSingleton(
            rules
            | "CountPValues" >> beam.Map(_count_p_values)
            | "AddUpPValues" >> beam.CombineGlobally(SumHistograms())
        )
        kept = (
            rules
            | "KeepRules" >> beam.FlatMap(_keep_rules, options, frequent, found, histogram)
            | "BringProductsTogether" >> beam.GroupByKey()
            | "CapRules" >> beam.Map(_cap_rules, options, frequent)
        )
        return kept, histogram


class _SplitItemsets(beam.DoFn):
    """`Itemsets` to rules.

    Rules whose antecedent is one item go to the output `single`, others by their antecedent's part to `wanted`; to
    `known` go the itemsets that can be an antecedent of those.
    """

    def process(self, itemsets: Itemsets, frequent: FrequentItems, found: int) -> Iterator[Any]:
        parts = 1 + found * itemsets.items.shape[1] // _RULES_PER_PART
        for rules in rules_of(itemsets, frequent):
            single = rules.antecedent_count > 0
            if single.any():
                yield beam.pvalue.TaggedOutput(_SINGLE, rules.take(single))
            yield from _dealt_out(_WANTED, rules.take(~single), rules.antecedent[~single], parts)
        antecedents = itemsets.antecedents()
        yield from _dealt_out(_KNOWN, antecedents, antecedents.items[:, :-1], parts)


def _dealt_out(output: str, table: Rules | Itemsets, keys: np.ndarray, parts: int) -> Iterator[Any]:
    """Yields (part, rows) to an output; rows of equal keys, `(rows, members)`, are in the same part."""
    part = np.zeros(len(keys), dtype=np.uint64)
    for column in keys.T.astype(np.uint64):
        # Fibonacci hashing (Knuth): neighbouring numbers are spread.
        part = (part + column + 1) * np.uint64(0x9E3779B97F4A7C15)
    part = (part >> np.uint64(32)) % np.uint64(parts)
    for number in np.unique(part).tolist():
        yield beam.pvalue.TaggedOutput(output, (number, table.take(part == number)))


def _look_up_antecedents(part: Any) -> Iterator[Any]:
    known, wanted = list(part[1][_KNOWN]), list(part[1][_WANTED])
    if wanted:
        itemsets = Itemsets.joined(known)
        yield with_antecedent_counts(joined_rules(wanted), itemsets.items[:, :-1], itemsets.count)


def _test_rules(rules: Rules, frequent: FrequentItems) -> Any:
    return rules, fisher_p_values(rules, frequent.baskets)


def _count_p_values(tested: Any) -> PValueHistogram:
    return PValueHistogram.of(tested[1])


def _keep_rules(
    part: Any,
    options: RulesOptions,
    frequent: FrequentItems,
    found: int,
    histogram: PValueHistogram,
) -> Iterator[Any]:
    """Yields (part, (rules, p-values, q-values)) of the rules within the limits, by the rarest of the antecedent."""
    rules, p_values = part
    q_values = histogram.q_values(p_values)
    measures = rule_measures(rules, frequent.baskets)
    kept = (
        (measures["confidence"] >= options.min_confidence)
        & (measures["lift"] >= options.min_lift)
        & (q_values <= options.max_q_value)
    )
    rules, p_values, q_values = rules.take(kept), p_values[kept], q_values[kept]
    parts = 1 + found * (1 + rules.antecedent.shape[1]) // _RULES_PER_PART
    number = rules.rarest() % parts
    for each in np.unique(number).tolist():
        chosen = number == each
        yield each, _capped((rules.take(chosen), p_values[chosen], q_values[chosen]), options, frequent)


def _cap_rules(part: Any, options: RulesOptions, frequent: FrequentItems) -> Any:
    tables: Sequence[Any] = list(part[1])
    rules, p_values, q_values = zip(*tables, strict=True)
    return _capped((joined_rules(rules), np.concatenate(p_values), np.concatenate(q_values)), options, frequent)


def _capped(tested: Any, options: RulesOptions, frequent: FrequentItems) -> Any:
    rules, p_values, q_values = tested
    strength = rule_measures(rules, frequent.baskets)[options.order]
    places = strongest(rules, strength, options.max_rules_per_product)
    return rules.take(places), p_values[places], q_values[places]
