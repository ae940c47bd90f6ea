"""What a shop's results are grouped by."""

import numpy as np

from trainer.search.groups.names import group_names


def test_most_products_have_categories() -> None:
    names = group_names(["a"] * 4, ["Food", "Toys", "", "Food"], np.zeros(4, np.int32))
    assert names.phrases is None
    assert [label.decode() for label in names.labels] == ["Food", "Toys"]


def test_few_have_or_all_the_same() -> None:
    for categories in (["Food", "Toys", "", "", ""], ["Food"] * 5, [None] * 5):
        names = group_names(["Red Rake"] * 5, categories, np.arange(5))
        assert names.categories is None
        assert names.phrases is not None
        assert {label.decode() for label in names.labels} == {"Red", "Red Rake", "Rake"}


def test_a_text_has_the_title_of_its_first_product() -> None:
    names = group_names(["Tea", None, "Milk", "Tea", "Tea"], [""] * 5, np.array([0, 1, 0, 2, 3]))
    assert names.phrases is not None
    assert names.phrases.of_text.tolist() == [[0], [-1], [0], [0]]
