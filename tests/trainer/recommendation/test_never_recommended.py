"""What is never recommended, by category, id and column."""

import numpy as np
import pyarrow as pa
import pytest

from trainer.recommendation.never_recommended import left_out_counts, recommendable_products
from trainer.recommendation.options import LeaveOutOptions

CATEGORIES = ["Fuel > Regular", "Shop > Fuel", "Fuels", "Grocery > Deposits > Bottles", "Grocery > Bottles", None]
CATALOGUE = pa.table({"product_id": ["a", "b", "c", "d", "e", "f"], "category": pa.array(CATEGORIES, pa.string())})


@pytest.mark.parametrize(
    ("categories", "ids", "left_out"),
    [
        (["Fuel"], [], "ab"),
        (["Fuel > Regular"], [], "a"),
        (["Deposits > Bottles"], [], "d"),
        (["Grocery > Bottles"], [], "e"),
        (["Bottles", "", "nothing"], ["f", "gone"], "def"),
        ([], [], ""),
    ],
)
def test_categories_are_levels_in_a_row_and_ids_are_ids(categories: list[str], ids: list[str], left_out: str) -> None:
    options = LeaveOutOptions(category=tuple(categories), product_id=tuple(ids))
    kept = recommendable_products(CATALOGUE, options)
    assert [product for product, is_kept in zip("abcdef", kept, strict=True) if not is_kept] == list(left_out)


def test_the_column_leaves_out_too_and_all_is_counted_by_its_reason() -> None:
    column = pa.array([None, False, True, False, True, True], pa.bool_())
    catalogue = CATALOGUE.append_column("recommendable", column)
    options = LeaveOutOptions(category=("Fuel", "gone"), product_id=("b",))
    np.testing.assert_array_equal(recommendable_products(catalogue, options), [0, 0, 1, 0, 1, 1])
    assert left_out_counts(catalogue, options) == {
        "products": 3,
        "category": {"Fuel": 2, "gone": 0},
        "product_id": {"b": 1},
        "recommendable": {"false": 2},
    }
