"""A shop's categories as numbers, and how each is written as the label of a group."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serving.graph.catalogue import CATEGORY_SEPARATOR
from serving.search.grouping.groups import LONGEST_LABEL, OTHER
from trainer.clusters.label_vocabulary import FUNCTION_WORDS

MOST_LEVELS = 5
_SMALL_WORDS = FUNCTION_WORDS | {"any"}
_CUT = "…"

Path = tuple[str, ...]


class CategoryTree(NamedTuple):
    """The categories of a catalogue.

    Attributes:
        paths: int32 `(paths, levels)`: the category at each level, as `CategoryGroups` wants them. The first row is
            that of products without a category.
        path_of_product: int32 `(products,)`: rows of `paths`.
        labels: One a category; two have one label only where one is below the other.
    """

    paths: npt.NDArray[np.int32]
    path_of_product: npt.NDArray[np.int32]
    labels: list[str]


def category_tree(categories: Sequence[str | None]) -> CategoryTree:
    """Reads the categories of a catalogue.

    Levels past the fifth are left out. A widest level that is called Other says nothing, as if there were none.

    Args:
        categories: One a product, levels joined by " > "; empty or None for none.
    """
    distinct = list(dict.fromkeys(categories))
    split = {category: _levels(category or "") for category in distinct}
    rows: dict[Path, int] = {(): 0}
    nodes: dict[Path, int] = {}
    for path in split.values():
        rows.setdefault(path, len(rows))
        for depth in range(1, len(path) + 1):
            nodes.setdefault(path[:depth], len(nodes))
    levels = max(1, *(len(path) for path in rows)) if len(rows) > 1 else 1
    paths = np.full((len(rows), levels), -1, np.int32)
    for path, row in rows.items():
        if path:
            paths[row] = [nodes[path[: min(level + 1, len(path))]] for level in range(levels)]
    row_of = {category: rows[path] for category, path in split.items()}
    products = np.fromiter((row_of[category] for category in categories), np.int32, len(categories))
    return CategoryTree(paths, products, category_labels(list(nodes)))


def category_labels(paths: Sequence[Path]) -> list[str]:
    """Writes the last level of each path, with the level above where other categories have that name too.

    Args:
        paths: Distinct; every path's beginnings are among them.
    """
    names = [readable_name(path[-1]) for path in paths]
    holders: dict[str, list[Path]] = {}
    for path, name in zip(paths, names, strict=True):
        holders.setdefault(name.lower(), []).append(path)
    labels: list[str] = []
    used: dict[str, list[Path]] = {OTHER.lower(): [()]}
    for path, name in zip(paths, names, strict=True):
        label = cut_label(name)
        if len(path) > 1 and (name.lower() == OTHER.lower() or not _one_line(holders[name.lower()])):
            above = f" ({readable_name(path[-2])})"
            if len(above) < LONGEST_LABEL // 2:
                label = cut_label(name, LONGEST_LABEL - len(above)) + above
        # What a cut made equal is told apart by a number.
        number, plain = 2, label
        while not _one_line([*used.get(label.lower(), []), path]):
            label = cut_label(plain, LONGEST_LABEL - len(str(number)) - 1) + f" {number}"
            number += 1
        used.setdefault(label.lower(), []).append(path)
        labels.append(label)
    return labels


def readable_name(name: str) -> str:
    """Returns a category's name without shouting or underscores, else as the shop writes it.

    Example:
        >>> readable_name("FROZEN FOOD & ICE"), readable_name("garden_tools"), readable_name("TV & Hi-Fi")
        ('Frozen Food & Ice', 'Garden tools', 'TV & Hi-Fi')
    """
    name = " ".join(name.replace("_", " ").split())
    if name.isupper() and any(len(word) > 3 for word in re.findall(r"[^\W\d_]+", name)):
        name = re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", lambda match: _capitalised(match[0]), name)
    return name[:1].upper() + name[1:]


def cut_label(label: str, longest: int = LONGEST_LABEL) -> str:
    """Returns a label of at most so many characters, cut where a word ends if that leaves half of it."""
    if len(label) <= longest:
        return label
    cut = label[: longest - 1]
    end = cut.rfind(" ")
    if end >= longest // 2 and label[longest - 1] != " ":
        cut = cut[:end]
    return cut.rstrip(" -/,&.:(") + _CUT


def _levels(category: str) -> Path:
    levels = tuple(level for each in category.split(CATEGORY_SEPARATOR) if (level := each.strip()))[:MOST_LEVELS]
    return () if levels and levels[0].lower() == OTHER.lower() else levels


def _one_line(paths: Sequence[Path]) -> bool:
    """Returns whether of any two categories one is below the other, so that no answer shows both."""
    ordered = sorted(paths, key=len)
    return all(longer[: len(shorter)] == shorter for shorter, longer in pairwise(ordered))


def _capitalised(word: str) -> str:
    return word.lower() if word.lower() in _SMALL_WORDS else word[:1] + word[1:].lower()
