"""The made-up shop holds what it says is planted in it, however it is dealt out to workers."""

from collections import Counter

import pyarrow.parquet as pq
import pytest

from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.synthetic import write_shop
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, product_id, user_id

SHOP = SyntheticShop(products=200, users=100, events_per_user=40, seed=7)
TABLES = ("products", "events", "users")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    write_shop(folder, SHOP)
    return folder


def test_sharding_changes_nothing(folder, tmp_path):
    write_shop(tmp_path, SHOP, rows_per_shard=33)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.parquet" for name in TABLES)
    for name in TABLES:
        assert pq.read_table(tmp_path / f"{name}.parquet").equals(pq.read_table(folder / f"{name}.parquet"))


def test_a_user_is_the_same_in_a_larger_shop(folder, tmp_path):
    write_shop(tmp_path, SyntheticShop(products=200, users=130, events_per_user=40, seed=7))
    larger = pq.read_table(tmp_path / "events.parquet").to_pandas()
    smaller = pq.read_table(folder / "events.parquet").to_pandas()
    assert larger[larger.user_id <= user_id(99)].equals(smaller)


def test_no_bad_rows(folder):
    products, events, users = (pq.read_table(folder / f"{name}.parquet").to_pandas() for name in TABLES)
    assert len(products) == 200
    assert products.product_id.is_unique
    assert products.title.is_unique
    assert len(users) == 100
    assert users.user_id.is_unique
    assert set(events.product_id) <= set(products.product_id)
    assert set(events.user_id) == set(users.user_id)
    assert set(events.event_type) == {"view", "cart", "purchase"}
    assert events.timestamp.between(1_704_067_200, 1_735_603_200).all()
    assert not events.isna().any().any()
    assert not products.isna().any().any()
    assert 25 < len(events) / 100 < 60
    assert products.title.str.contains("绿茶").any()


def test_planted_tastes_and_bundles(folder):
    events = pq.read_table(folder / "events.parquet").to_pandas()
    number = {product_id(n): n for n in range(200)}
    favourites = {user_id(n): SHOP.favourite_kinds(n) for n in range(100)}
    views = events[events.event_type == "view"]
    liked = [number[p] % SHOP.kinds in favourites[u] for u, p in zip(views.user_id, views.product_id, strict=True)]
    assert 0.87 < sum(liked) / len(liked) < 0.97

    baskets = events[events.event_type == "purchase"].groupby("basket_id").product_id.apply(set)
    together = Counter()
    for basket in baskets:
        for product in basket:
            partner = SHOP.bundle_partner(number[product])
            if partner is not None:
                together[product_id(partner) in basket] += 1
    assert 0.7 < together[True] / together.total() < 0.9


def test_scale(tmp_path):
    rows = prepare_dataset("synthetic", tmp_path, None, 0.01)
    assert rows == {"products": 20, "users": 10, "events": rows["events"]}
