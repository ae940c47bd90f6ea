"""Slices of the test users by attribute and by length of history, and names for them."""

import re
import unicodedata
from collections import defaultdict

import numpy as np
import pyarrow as pa

from components.recommendation.judging.user_products import IntArray

_HISTORY_LENGTHS = {
    "history_0": (0, 0),
    "history_1": (1, 1),
    "history_2_5": (2, 5),
    "history_6_20": (6, 20),
    "history_21_100": (21, 100),
    "history_101_up": (101, np.inf),
}
_WORD_OF_SYMBOL = {"+": " plus ", "<": " under ", ">": " over "}
_LONGEST_PART = 40


def user_slices(users: pa.Table, min_users: int) -> dict[str, IntArray]:
    """Slices users by the number of events in their history, and by each value of each attribute.

    Args:
        users: Columns history_events (int32) and attributes (map of strings).
        min_users: Users with a history that an attribute's value needs; others of that value do not count.

    Returns:
        int64 row numbers by name of the slice, none without rows. As a prefix of a metric, the name is followed by
        `_`, as in `age_45_54_ndcg_at_10`.
    """
    history_events = users["history_events"].to_numpy()
    slices: dict[str, IntArray] = {}
    for name, (least, most) in _HISTORY_LENGTHS.items():
        rows = np.flatnonzero((history_events >= least) & (history_events <= most))
        if len(rows):
            slices[name] = rows
    for attribute, by_value in users_by_attribute(users).items():
        for value, listed in by_value.items():
            if len(listed) >= min_users:
                slices[_unused(slice_name(attribute, value), slices)] = listed
    return slices


def users_by_attribute(users: pa.Table) -> dict[str, dict[str, IntArray]]:
    """Returns the users with a history, int64 row numbers, by attribute and value.

    Both are in order, so that values whose names are alike get the same numbers in each run.

    Args:
        users: As for `user_slices`.
    """
    attributes = users["attributes"].to_pylist()
    by_value: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in np.flatnonzero(users["history_events"].to_numpy() > 0).tolist():
        for attribute in attributes[row]:
            by_value[attribute].append(row)
    found: dict[str, dict[str, IntArray]] = {}
    for (name, value), listed in sorted(by_value.items()):
        found.setdefault(name, {})[value] = np.array(listed)
    return found


def slice_name(attribute: str, value: str) -> str:
    """Returns a name for an attribute's value, of lower-case letters, digits and single underscores.

    `age` and `45-54` make `age_45_54`; `65+` becomes `65_plus`, so that it is not `65`.

    Args:
        attribute: Name of the attribute.
        value: Any text.
    """
    return f"{_safe(attribute)}_{_safe(value)}"


def _safe(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    for symbol, word in _WORD_OF_SYMBOL.items():
        text = text.replace(symbol, word)
    return re.sub(r"[\W_]+", "_", text).strip("_")[:_LONGEST_PART].rstrip("_") or "blank"


def _unused(name: str, taken: dict[str, IntArray]) -> str:
    """Returns the name, with the first number behind it that nothing has yet where it is taken."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
