"""Categories as numbers and as labels."""

import numpy as np
import pytest

from serving.search.grouping.groups import LONGEST_LABEL
from trainer.search.groups.categories import category_labels, category_tree, cut_label, readable_name


def test_a_tree_has_the_category_of_each_level() -> None:
    tree = category_tree(["Food > Soup > Dry", None, "Food", "Food > Soup", "Other > Soup", " > Food > ", ""])
    labels = [
        [tree.labels[place] if place >= 0 else None for place in row]
        for row in tree.paths[tree.path_of_product].tolist()
    ]
    none, food = [None] * 3, ["Food"] * 3
    assert labels == [["Food", "Soup", "Dry"], none, food, ["Food", "Soup", "Soup"], none, food, none]


def test_no_categories() -> None:
    tree = category_tree(["", None])
    assert tree.paths.tolist() == [[-1]]
    assert tree.labels == []


def test_a_name_that_others_have_says_where_it_is() -> None:
    paths = [("Toys",), ("Toys", "Seasonal"), ("Food",), ("Food", "SEASONAL"), ("Food", "Other"), ("Food", "Food")]
    labels = ["Toys", "Seasonal (Toys)", "Food", "SEASONAL (Food)".capitalize().replace("food", "Food")]
    assert category_labels(paths) == [*labels, "Other (Food)", "Food"]


@pytest.mark.parametrize("seed", range(3))
def test_categories_that_one_answer_can_show_have_labels_of_their_own(seed: int) -> None:
    generator = np.random.default_rng(seed)
    words = ["Very long names of things", "a", "That go on and on without an end", "A", "other"]
    paths: dict[tuple[str, ...], None] = {}
    for _ in range(60):
        path = tuple(" ".join(generator.choice(words, 2)) for _ in range(generator.integers(1, 4)))
        paths.update((path[: depth + 1], None) for depth in range(len(path)))
    labels = category_labels(list(paths))
    assert max(map(len, labels)) <= LONGEST_LABEL
    for path, label in zip(paths, labels, strict=True):
        for other, same in zip(paths, labels, strict=True):
            if label.lower() == same.lower():
                shorter, longer = sorted((path, other), key=len)
                assert longer[: len(shorter)] == shorter


@pytest.mark.parametrize(
    ("name", "readable"),
    [("FROZEN FOOD & ICE", "Frozen Food & Ice"), ("garden_tools", "Garden tools"), ("TV", "TV"), ("iPads", "IPads")],
)
def test_readable_name(name: str, readable: str) -> None:
    assert readable_name(name) == readable


def test_a_long_label_is_cut_where_a_word_ends() -> None:
    assert cut_label("Soft Drink 2 Liter Bottle Carbonated Included") == "Soft Drink 2 Liter Bottle Carbonated…"
    assert cut_label("x" * 50) == "x" * (LONGEST_LABEL - 1) + "…"
    assert cut_label("x" * LONGEST_LABEL) == "x" * LONGEST_LABEL
