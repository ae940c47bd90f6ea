"""Frequent itemsets of one group of items: FP-growth's conditional baskets as bitmaps, in NumPy.

Items are ranks: 0 is the item in most baskets. As in FP-growth (Han, Pei and Yin 2000), an itemset is found at its
rarest member: among the baskets that hold it, cut to the items before it. Where FP-growth builds a tree of those
baskets, each of their items becomes a row of bits here, and a longer itemset is the bitwise AND of rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.events.history import concatenated_ranges

IntArray = npt.NDArray[np.integer]
NO_ITEM = -1
_WORD_BITS = 64
# Bits are set as whole bytes, a block of rows at a time, before they are packed.
_BLOCK_BYTES = 1 << 25


@dataclass(frozen=True, kw_only=True, eq=False)
class Baskets:
    """Baskets one after another.

    Attributes:
        items: int32 `(items of all baskets,)`; distinct and ascending within a basket.
        offsets: int64 `(baskets + 1,)`; where each basket begins, and the end of the last.
        recent: bool `(baskets,)`; whether a basket is of the last weeks.
    """

    items: IntArray
    offsets: IntArray
    recent: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.recent)


@dataclass(frozen=True, kw_only=True, eq=False)
class Itemsets:
    """Frequent itemsets.

    Attributes:
        items: int32 `(itemsets, max_length)`; ranks, ascending, then -1.
        count: int64 `(itemsets,)`; baskets that hold all members.
        recent_count: int64 `(itemsets,)`; those of them in the last weeks.
    """

    items: IntArray
    count: IntArray
    recent_count: IntArray

    def __len__(self) -> int:
        return len(self.count)

    def take(self, places: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> "Itemsets":
        """Returns the itemsets at some places, or where a mask is true."""
        return Itemsets(items=self.items[places], count=self.count[places], recent_count=self.recent_count[places])

    def antecedents(self) -> "Itemsets":
        """Returns those of two members or more that can have another: what a larger itemset may be made of."""
        return self.take((self.items[:, 1] != NO_ITEM) & (self.items[:, -1] == NO_ITEM))

    @classmethod
    def joined(cls, tables: Sequence["Itemsets"]) -> "Itemsets":
        """Returns the itemsets of some tables as one."""
        return cls(
            items=np.concatenate([table.items for table in tables]),
            count=np.concatenate([table.count for table in tables]),
            recent_count=np.concatenate([table.recent_count for table in tables]),
        )


def mine_itemsets(baskets: Baskets, suffixes: IntArray, min_count: int, max_length: int) -> Iterator[Itemsets]:
    """Yields the frequent itemsets whose rarest member is one of some items, those of one member among them.

    Time grows with the sum, over the baskets of each suffix, of the items before it, and with the itemsets found.
    Memory grows with the baskets given and with (baskets of a suffix) times (items that are frequent beside it) bits.

    Args:
        baskets: Items are ranks. Each basket must be whole up to its last suffix; what comes later may be missing.
        suffixes: Ranks, `(suffixes,)`.
        min_count: Baskets that an itemset needs.
        max_length: Members of an itemset at the most.
    """
    wanted = np.zeros(int(max(baskets.items.max(initial=0), np.max(suffixes, initial=0))) + 1, dtype=bool)
    wanted[suffixes] = True
    positions = np.flatnonzero(wanted[baskets.items])
    positions = positions[np.argsort(baskets.items[positions], kind="stable")]
    basket = np.searchsorted(baskets.offsets, positions, side="right") - 1
    ends = np.flatnonzero(np.diff(baskets.items[positions], append=NO_ITEM)) + 1
    for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=False):
        if end - start >= min_count:
            rows = slice(start, end)
            yield from _mine_suffix(baskets, positions[rows], basket[rows], min_count, max_length)


def _mine_suffix(
    baskets: Baskets, positions: IntArray, basket: IntArray, min_count: int, max_length: int
) -> Iterator[Itemsets]:
    """Mines the itemsets of one rarest member, which stands at `positions` of `baskets.items`."""
    suffix = int(baskets.items[positions[0]])
    recent = baskets.recent[basket]
    order = np.argsort(recent, kind="stable")
    starts, recent = baskets.offsets[basket][order], recent[order]
    lengths = positions[order] - starts
    earlier = int(len(recent) - recent.sum())
    before = baskets.items[concatenated_ranges(starts.astype(np.int64), lengths.astype(np.int64))]
    count = np.bincount(before, minlength=1)
    partners = np.flatnonzero(count >= min_count)
    recent_count = np.bincount(before[int(lengths[:earlier].sum()) :], minlength=len(count))
    yield _itemsets([], [suffix], np.array([len(recent)]), np.array([len(recent) - earlier]), max_length)
    if not len(partners):
        return
    yield _itemsets([partners], [suffix], count[partners], recent_count[partners], max_length)
    if max_length > 2 and len(partners) > 1:
        row_of_item = np.full(len(count), -1)
        row_of_item[partners] = np.arange(len(partners))
        row = row_of_item[before]
        column = np.repeat(_columns(len(recent), earlier), lengths)[row >= 0]
        bits = _bit_rows(row[row >= 0], column, len(partners), _words(earlier) + _words(len(recent) - earlier))
        yield from _extend(bits, partners, [suffix], _words(earlier), min_count, max_length)


def _extend(
    bits: npt.NDArray[np.uint64],
    items: IntArray,
    suffix: list[int],
    earlier_words: int,
    min_count: int,
    max_length: int,
) -> Iterator[Itemsets]:
    """Mines the itemsets of two members or more of `items`, each with the suffix.

    Args:
        bits: `(items, words)`; the suffix's baskets that hold each item, the recent ones from `earlier_words` on.
        items: Ranks, ascending.
        suffix: Ranks that every itemset here ends with, ascending.
        earlier_words: Where the recent baskets begin.
        min_count: Baskets that an itemset needs.
        max_length: Members of an itemset at the most.
    """
    for last in range(1, len(items)):
        both = bits[:last] & bits[last]
        held = np.bitwise_count(both)
        count = held.sum(axis=1, dtype=np.int64)
        found = np.flatnonzero(count >= min_count)
        if not len(found):
            continue
        tail = [int(items[last]), *suffix]
        recent_count = held[found, earlier_words:].sum(axis=1, dtype=np.int64)
        yield _itemsets([items[found]], tail, count[found], recent_count, max_length)
        if len(tail) + 2 <= max_length and len(found) > 1:
            yield from _extend(both[found], items[found], tail, earlier_words, min_count, max_length)


def _itemsets(
    first: list[IntArray], tail: list[int], count: IntArray, recent_count: IntArray, max_length: int
) -> Itemsets:
    items = np.full((len(count), max_length), NO_ITEM, dtype=np.int32)
    for place, column in enumerate(first):
        items[:, place] = column
    items[:, len(first) : len(first) + len(tail)] = tail
    return Itemsets(items=items, count=count.astype(np.int64), recent_count=recent_count.astype(np.int64))


def _words(baskets: int) -> int:
    return -(-baskets // _WORD_BITS)


def _columns(baskets: int, earlier: int) -> IntArray:
    """Returns the bit of each basket: earlier ones first, recent ones from the next word on."""
    columns = np.arange(baskets)
    columns[earlier:] += _words(earlier) * _WORD_BITS - earlier
    return columns


def _bit_rows(row: IntArray, column: IntArray, rows: int, words: int) -> npt.NDArray[np.uint64]:
    """Returns `(rows, words)` with the bit set at each (row, column)."""
    bits = np.zeros((rows, words), dtype=np.uint64)
    step = max(1, _BLOCK_BYTES // (words * _WORD_BITS))
    order = np.argsort(row, kind="stable") if step < rows else np.arange(len(row))
    row, column = row[order], column[order]
    for start in range(0, rows, step):
        inside = slice(*np.searchsorted(row, [start, start + step])) if step < rows else slice(None)
        block = np.zeros((min(step, rows - start), words * _WORD_BITS), dtype=np.uint8)
        block[row[inside] - start, column[inside]] = 1
        bits[start : start + step] = np.packbits(block, axis=1, bitorder="little").view(np.uint64)
    return bits
