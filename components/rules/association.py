"""Association rules of frequent itemsets, and the measures of their strength.

A rule says: whoever buys all of the antecedent tends to buy the consequent, one item, in the same basket. An itemset of
m members makes m rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from components.rules.frequent_items import FrequentItems
from components.rules.itemset_mining import NO_ITEM, IntArray, Itemsets

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """Rules with their counts; items are ranks.

    Attributes:
        antecedent: int32 `(rules, max_length - 1)`; ascending, then -1.
        consequent: int32 `(rules,)`.
        count: int64 `(rules,)`; baskets that hold both sides.
        antecedent_count: int64 `(rules,)`; baskets that hold the antecedent.
        consequent_count: int64 `(rules,)`.
        recent_count: int64 `(rules,)`; baskets of the last weeks that hold both sides.
    """

    antecedent: IntArray
    consequent: IntArray
    count: IntArray
    antecedent_count: IntArray
    consequent_count: IntArray
    recent_count: IntArray

    def __len__(self) -> int:
        return len(self.count)

    def take(self, places: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> "Rules":
        """Returns the rules at some places, or where a mask is true."""
        return Rules(**{field.name: getattr(self, field.name)[places] for field in fields(self)})

    def rarest(self) -> IntArray:
        """Returns the member of each antecedent that is in the fewest baskets, `(rules,)`."""
        return self.antecedent.max(axis=1)


def rules_of(itemsets: Itemsets, frequent: FrequentItems) -> Iterator[Rules]:
    """Yields the rules of itemsets of two members or more, once for each member as the consequent.

    `antecedent_count` is right where the antecedent is one item, and 0 elsewhere, for `with_antecedent_counts`.
    """
    width = itemsets.items.shape[1]
    length = (itemsets.items != NO_ITEM).sum(axis=1)
    for place in range(width):
        rows = np.flatnonzero((length > 1) & (length > place))
        items = itemsets.items[rows]
        antecedent, consequent = np.delete(items, place, axis=1), items[:, place]
        single = length[rows] == 2
        yield Rules(
            antecedent=antecedent,
            consequent=consequent,
            count=itemsets.count[rows],
            antecedent_count=np.where(single, frequent.count[antecedent[:, 0]], 0),
            consequent_count=frequent.count[consequent],
            recent_count=itemsets.recent_count[rows],
        )


def with_antecedent_counts(rules: Rules, items: IntArray, count: IntArray) -> Rules:
    """Looks up how many baskets hold each antecedent.

    Args:
        rules: Whose antecedents are all among `items`: every part of a frequent itemset is frequent.
        items: int32 `(itemsets, max_length - 1)`; ranks, ascending, then -1; distinct.
        count: int64 `(itemsets,)`.
    """
    known, wanted = _as_keys(items), _as_keys(rules.antecedent)
    order = np.argsort(known)
    place = order[np.searchsorted(known, wanted, sorter=order)]
    return Rules(**{**vars(rules), "antecedent_count": count[place]})


def joined_rules(tables: Sequence[Rules]) -> Rules:
    """Returns some tables of rules as one."""
    return Rules(**{f.name: np.concatenate([getattr(table, f.name) for table in tables]) for f in fields(Rules)})


def rule_measures(rules: Rules, baskets: int) -> dict[str, FloatArray]:
    """Returns the measures of each rule A to C, by name, float64 `(rules,)`.

    Confidence is P(C | A) (Agrawal et al. 1993); lift is confidence / P(C), leverage P(A, C) - P(A) P(C)
    (Piatetsky-Shapiro 1991), conviction P(A) P(not C) / P(A, not C) (Brin et al. 1997), infinite at confidence 1.

    Args:
        rules: The rules.
        baskets: Baskets in all.
    """
    support, of_antecedent, of_consequent = (
        column / baskets for column in (rules.count, rules.antecedent_count, rules.consequent_count)
    )
    confidence = rules.count / rules.antecedent_count
    with np.errstate(divide="ignore", invalid="ignore"):
        conviction = (1 - of_consequent) / (1 - confidence)
    return {
        "support": support,
        "antecedent_support": of_antecedent,
        "consequent_support": of_consequent,
        "confidence": confidence,
        "lift": confidence / of_consequent,
        "leverage": support - of_antecedent * of_consequent,
        "conviction": np.where(rules.count == rules.antecedent_count, np.inf, conviction),
    }


def strongest(rules: Rules, strength: FloatArray, most: int) -> IntArray:
    """Returns the places of the strongest rules of each antecedent's rarest member, `most` for each number of members.

    Rules of two members are often the stronger ones; what goes with one product alone is asked for most.

    Args:
        rules: All rules of the members that they have as the rarest of their antecedents.
        strength: float64 `(rules,)`. Ties go to the rule in more baskets, then to the more frequent items.
        most: Rules of a member and a number of members.
    """
    members = (rules.antecedent != NO_ITEM).sum(axis=1)
    group = rules.rarest() * (rules.antecedent.shape[1] + 1) + members
    order = np.lexsort([rules.consequent, *rules.antecedent.T[::-1], -rules.count, -strength, group])
    key = group[order]
    place = np.arange(len(order)) - np.searchsorted(key, key)
    return order[place < most]


def _as_keys(items: IntArray) -> npt.NDArray[np.void]:
    """Returns each row as one value that can be sorted and compared."""
    rows = np.ascontiguousarray(items, dtype=">i4") + 1
    return rows.astype(">i4").view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
