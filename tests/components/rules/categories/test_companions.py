"""What is bought with categories, against counting by hand."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from components.rules.baskets import basket_table
from components.rules.categories.companions import (
    EVERY_BASKET,
    Categories,
    Companions,
    count_companions,
    summed,
    surplus_of,
)

PATHS = [["A", "x"], ["A", "x"], ["A", "y"], ["B"], [], ["B", "z"]]
NAMES = ["A", "A > x", "A > y", "B", "B > z"]
CATEGORIES = Categories(NAMES, np.array([[0, 0, 0, 3, -1, 3], [1, 1, 2, -1, -1, 4]]))


@pytest.fixture(scope="module")
def baskets() -> list[list[int]]:
    generator = np.random.default_rng(0)
    return [sorted(np.flatnonzero(generator.random(6) < 0.4).tolist()) or [4] for _ in range(50)]


def counted(baskets: list[list[int]], categories: Categories = CATEGORIES) -> dict[int, Companions]:
    items = np.array([item for basket in baskets for item in basket])
    sizes = np.array([len(basket) for basket in baskets])
    return dict(count_companions(basket_table(items, sizes, pa.nulls(len(baskets), pa.int64())), categories))


def test_a_companion_is_in_a_basket_with_another_product_of_the_category(baskets: list[list[int]]) -> None:
    found = counted(baskets)
    for number, name in enumerate(NAMES):
        inside = {product for product, path in enumerate(PATHS) if name in (" > ".join(path), path[0] if path else "")}
        holding = [basket for basket in baskets if inside & set(basket)]
        pairs = Counter(product for basket in holding for product in basket if inside & (set(basket) - {product}))
        companions = found[number]
        assert companions.baskets == len(holding)
        assert companions.others == sum(len(basket) - 1 for basket in holding)
        assert dict(zip(companions.products.tolist(), companions.counts.tolist(), strict=True)) == dict(pairs)
    assert found[EVERY_BASKET].baskets == len(baskets)


@pytest.mark.parametrize("levels", [0, 2])
def test_without_categories_every_basket_alone_is_counted(levels: int) -> None:
    """SciPy 1.17.1: a sparse matrix asked by two arrays of places gives a dense row, but a sparse one for no places.

    `csr_matrix(np.eye(3))[rows, columns]` is a `numpy.matrix` of the values; for empty arrays it is a `csr_matrix` of
    shape (1, 0), which NumPy takes for one object, and which has no truth value (seen in `scipy.sparse._csr`).
    """
    found = counted([[0, 1], [1]], Categories([], np.full((levels, 6), -1)))
    assert found.keys() == {EVERY_BASKET}
    assert found[EVERY_BASKET].counts.tolist() == [1, 2]


def test_parts_add_up_to_the_whole(baskets: list[list[int]]) -> None:
    parts = [counted(baskets[:20]), counted(baskets[20:])]
    for category, whole in counted(baskets).items():
        together = summed([part[category] for part in parts if category in part])
        assert together[:2] == whole[:2]
        np.testing.assert_array_equal(together.products, whole.products)
        np.testing.assert_array_equal(together.counts, whole.counts)


def test_surplus_is_what_chance_does_not_put_into_baskets_of_that_size() -> None:
    """Of 100 baskets with 400 products, 10 hold the category and 30 others; a product is in 20 baskets, 4 of those."""
    every = Companions(100, 300, np.array([0, 7]), np.array([380, 20]))
    found = surplus_of(Companions(10, 30, np.array([7]), np.array([4])), every)
    assert found.confidence == pytest.approx([0.4])
    assert found.lift == pytest.approx([2.0])
    assert found.surplus == pytest.approx([0.4 - 0.7 * 3 * 20 / 400])
