"""Which products go with a category, from what was counted of it and of the wider ones."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trainer.recommendation.ranker.category_rules import category_rules

CATALOGUE = pa.table({"product_id": ["a", "b", "c", "d"], "category": ["Pets > Dog", "Pets > Cat", "", "Pets > Dog"]})
# Category, product, baskets of the category, surplus.
COUNTED = [("Pets > Dog", "b", 100, 0.4), ("Pets", "b", 900, 0.1), ("Pets", "c", 900, 0.3), ("Pets", "d", 900, 0.2)]


def write_rules(folder: Path, **options: object) -> str:
    rows = [
        {"category": category, "product_id": product, "category_count": count, "surplus": surplus}
        | {"count": 5, "confidence": surplus + 0.1, "lift": 2.0}
        for category, product, count, surplus in COUNTED
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "category_products-0.parquet")
    (folder / "rules.json").write_text(json.dumps({"options": options}))
    return str(folder)


def test_a_category_follows_its_own_rules_and_those_of_the_wider_one(tmp_path: Path) -> None:
    uri = write_rules(tmp_path, levels=["product", "category"], products_per_category=2)
    rules = category_rules(uri, CATALOGUE)
    np.testing.assert_array_equal(rules.category_of_product, [0, 1, -1, 0])
    # 0.3 of 900 baskets is 0.27, and 0.4 of 100 is 0.2, as 100 baskets are half believed; 0.2 of 900 is 0.18.
    found = np.column_stack([rules.category, rules.product, rules.strength, rules.confidence])
    expected = [(0, 2, 0.27, 0.4), (0, 1, 0.2, 0.5), (1, 2, 0.27, 0.4), (1, 3, 0.18, 0.3)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_the_level_there_are_none(tmp_path: Path) -> None:
    assert category_rules(write_rules(tmp_path, levels=["product"]), CATALOGUE) is None
