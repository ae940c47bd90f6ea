"""A Chinese shop end to end: twenty queries as they are typed, and the groups of their answers."""

from pathlib import Path

import pandas as pd
import pytest

from serving.client import Shelfwise
from tests.e2e.chinese_shop import QUERIES, products
from tests.e2e.shop import run_quietly, served, write_config

pytestmark = pytest.mark.long


def test_what_is_typed_is_found_and_grouped(tmp_path: Path) -> None:
    pytest.importorskip("pypinyin")
    pd.DataFrame(products()).to_csv(tmp_path / "products.csv", index=False)
    config = write_config(
        tmp_path,
        tables={"products": "products.csv"},
        tasks={"search": {"training": {"max_epochs": 1}, "serving": {"pinyin": True}}},
    )
    summary, _ = run_quietly(config, tmp_path / "root")
    assert summary["tasks"]["search"]["blessed"], summary["tasks"]["search"]["refused_because"]
    categories = {str(row["product_id"]): str(row["category"]) for row in products()}
    with served(tmp_path / "root") as address, Shelfwise(address) as client:
        wrong = {}
        for asked in QUERIES:
            found = [(each.title, categories[each.product_id]) for each in client.search(asked.query, k=10)]
            if not asked.holds(found):
                wrong[asked.query] = found[:5]
        assert not wrong
        # Sports headphones and sports shoes are of different groups, whichever characters their titles are written in.
        groups: dict[str, set[str]] = {}
        for each in client.search("運動", k=40):
            groups.setdefault(categories[each.product_id], set()).add(each.cluster_label)
        assert groups["数码 > 耳机"].isdisjoint(groups["服装 > 鞋"])
