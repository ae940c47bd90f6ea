"""Itemsets of a group: every frequent one, once, with the count that counting all subsets gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.rules import itemset_mining
from components.rules.itemset_mining import Itemsets, mine_itemsets
from tests.components.rules.brute_force import as_baskets, as_counts, counted_subsets

ITEMS = 9
BASKETS = st.lists(
    st.tuples(st.sets(st.integers(0, ITEMS - 1), min_size=1, max_size=7), st.booleans()), min_size=1, max_size=90
)


@settings(max_examples=200, deadline=None)
@given(baskets=BASKETS, min_count=st.integers(1, 6), max_length=st.integers(2, 5), groups=st.integers(1, 4))
def test_groups_together_find_what_counting_every_subset_finds(
    baskets: list[tuple[set[int], bool]], min_count: int, max_length: int, groups: int
) -> None:
    lists = [sorted(basket) for basket, _ in baskets]
    recent = [is_recent for _, is_recent in baskets]
    tables: list[Itemsets] = []
    for group in range(groups):
        suffixes = np.arange(group, ITEMS, groups)
        # A group sees each basket up to the last of its own items.
        cut = [[item for item in basket if item <= _last(basket, suffixes)] for basket in lists]
        tables += mine_itemsets(as_baskets(cut, recent), suffixes, min_count, max_length)
    expected = counted_subsets(lists, min_count, max_length)
    recent_lists = [basket for basket, is_recent in zip(lists, recent, strict=True) if is_recent]
    expected_recent = counted_subsets(recent_lists, 1, max_length)
    if not expected:
        assert not sum(map(len, tables))
        return
    counts, recent_counts = as_counts(tables)
    assert counts == expected
    assert recent_counts == {itemset: expected_recent.get(itemset, 0) for itemset in expected}


@pytest.mark.parametrize("block_bytes", [1, 500, 1 << 25])
def test_bits_set_in_blocks_are_the_same(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    monkeypatch.setattr(itemset_mining, "_BLOCK_BYTES", block_bytes)
    generator = np.random.default_rng(3)
    lists = [np.flatnonzero(generator.random(12) < 0.5).tolist() for _ in range(200)]
    recent = (generator.random(200) < 0.3).tolist()
    counts, _ = as_counts(list(mine_itemsets(as_baskets(lists, recent), np.arange(12), 10, 4)))
    assert counts == counted_subsets(lists, 10, 4)


def test_no_baskets_have_no_itemsets() -> None:
    assert list(mine_itemsets(as_baskets([], []), np.arange(3), 1, 3)) == []


def _last(basket: list[int], suffixes: np.ndarray) -> int:
    return max(set(basket) & set(suffixes.tolist()), default=-1)
