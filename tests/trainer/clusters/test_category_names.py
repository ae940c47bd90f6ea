"""Names of clusters by the shop's categories: examples, and what holds for any."""

import numpy as np
import pytest

from trainer.clusters.category_names import LONGEST_LABEL, name_clusters, shorten


def _name(clusters):
    """Names clusters given as lists of (path, products)."""
    rows = [(path, weight, cluster) for cluster, paths in enumerate(clusters) for path, weight in paths]
    paths, weights, ids = zip(*rows, strict=True)
    return name_clusters(paths, np.array(weights, float), np.array(ids), len(clusters))


def test_the_deepest_category_that_covers_a_cluster_names_it():
    assert _name([[("Food > Tea > Green Tea", 7), ("Food > Tea > Black Tea", 3)]]) == ["Green Tea"]
    assert _name([[("Food > Tea > Green Tea", 5), ("Food > Tea > Black Tea", 5), ("Food > Rice", 2)]]) == ["Tea"]
    assert _name([[("Food > Tea", 3), ("Food > Rice", 3), ("Food > Oil", 3)]]) == ["Food"]


def test_two_kinds_make_a_list_and_three_do_not():
    assert _name([[("Home > Lamps", 5), ("Food > Tea", 4), ("Toys > Dolls", 1)]]) == ["Lamps, Tea"]
    assert _name([[("Home > Lamps", 4), ("Food > Tea", 3), ("Toys > Dolls", 3)]]) == ["Lamps, Tea"]
    assert _name([[("Home > Lamps", 3), ("Food > Tea", 2), ("Toys > Dolls", 2), ("Pets > Cats", 2)]]) == ["Home"]


def test_clusters_of_one_category_say_what_they_hold():
    bottles = [("Drinks > Soft Drinks > Bottles", 5), ("Drinks > Soft Drinks > Cans", 5)]
    cans = [("Drinks > Soft Drinks > Cans", 5), ("Drinks > Soft Drinks > Powders", 4)]
    assert _name([bottles, cans]) == ["Soft Drinks: Bottles, Cans", "Soft Drinks: Cans, Powders"]
    assert _name([[("Tea", 1)], [("Tea", 1)], [("Tea", 1)]]) == ["Tea", "Tea 2", "Tea 3"]
    assert _name([[("Deli > Cheese", 9)], [("Grocery > Cheese", 9)]]) == ["Deli: Cheese", "Grocery: Cheese"]


def test_a_word_far_down_the_tree_is_not_left_alone():
    assert _name([[("Meat > Pork > Enhanced", 9)]]) == ["Pork: Enhanced"]
    assert _name([[("Food > Bread > Rye Bread", 9)]]) == ["Rye Bread"]


def test_products_without_a_category_do_not_count():
    assert _name([[("", 9), ("Tea", 1)], [("", 3)]]) == ["Tea", None]


def test_two_names_that_do_not_fit_are_not_cut_in_the_middle():
    long = "Prepaid Wireless & Accessories of all kinds"
    assert _name([[("Office > Stationery & School Supplies", 5), (f"Phones > {long}", 4)]]) == [
        "Stationery & School Supplies"
    ]
    assert shorten(long) == "Prepaid Wireless & Accessories of all"
    assert shorten("x" * 60) == "x" * LONGEST_LABEL


@pytest.mark.parametrize("seed", range(20))
def test_names_are_unique_short_and_of_the_shops_words(seed):
    random = np.random.default_rng(seed)
    words = [
        "Tea",
        "Coffee & Cocoa",
        "Household Cleaning Needs and Supplies",
        "茶",
        "Frozen Meat/Meat Dinners",
        "A" * 50,
    ]
    paths = [" > ".join(random.choice(words, random.integers(1, 5))) for _ in range(200)]
    paths = [path if random.random() > 0.1 else "" for path in paths]
    ids = random.integers(0, 40, 200)
    names = name_clusters(paths, random.random(200) + 0.1, ids, 40)
    found = [name for name in names if name is not None]
    assert len(set(found)) == len(found)
    assert all(0 < len(name) <= LONGEST_LABEL for name in found)
    assert not any(">" in name for name in found)
    for cluster, name in enumerate(names):
        mine = [path for path, of in zip(paths, ids, strict=True) if of == cluster and path]
        assert (name is None) == (not mine)
        if name is not None:
            assert any(part[:5] in name for path in mine for part in path.split(" > "))
