"""The merchant's word in a searched shop."""

import time

import numpy as np
import pytest
import tensorflow as tf

from serving.merchant.word import MerchantWord, Pin
from serving.search.module import SearchModule
from serving.search.ranking import Fusion
from tests.serving.search.random_shop import RandomShop, random_shop

BOTH = Fusion(dense=1.0, lexical=0.7)
PRODUCTS = 40


@pytest.fixture(scope="module")
def shop() -> RandomShop:
    return random_shop(3, PRODUCTS, titles=PRODUCTS, texts_a_title=1, collapse="none", fusion=BOTH)


@pytest.fixture(scope="module")
def plain(shop: RandomShop) -> SearchModule:
    return shop.module()


@pytest.fixture(scope="module")
def said(shop: RandomShop) -> SearchModule:
    now = time.time()
    pins = [
        Pin(product_id=b"id 0005", query="Green teas", place=1),
        Pin(product_id=b"id 0007", query="green tea", place=3),
        Pin(product_id=b"id 0008", query="green tea", place=2, end=now - 1.0),
        Pin(product_id=b"id 0009"),
        Pin(product_id=b"id 0011", category="Food"),
    ]
    return shop.module(MerchantWord(synonyms={"brew": "green tea"}, pins=pins))


def ids(answer: dict[str, tf.Tensor]) -> list[str]:
    return [product_id.decode() for product_id in answer["product_ids"].numpy()[0] if product_id]


def filtered(module: SearchModule, query: str, category: str = "", max_price: float = 0.0) -> dict[str, tf.Tensor]:
    answer: dict[str, tf.Tensor] = module.search_filtered(
        tf.constant([query]),
        tf.constant([PRODUCTS]),
        tf.constant([category]),
        tf.constant([max_price], tf.float32),
        tf.constant([False]),
        tf.fill([1, 100], ""),
    )
    return answer


@pytest.mark.long
def test_pins_and_bans_hold(plain: SearchModule, said: SearchModule, shop: RandomShop) -> None:
    before, after = ids(filtered(plain, "green tea")), filtered(said, "green tea")
    rest = [product_id for product_id in before if product_id not in ("id 0005", "id 0007", "id 0009")]
    assert ids(after) == ["id 0005", rest[0], "id 0007", *rest[1:]]
    assert np.flatnonzero(after["pinned"].numpy()[0]).tolist() == [0, 2]
    assert (np.diff(after["scores"].numpy()[0][: len(rest) + 2]) <= 0.0).all()
    # Without a pin of its own: nothing but the ban.
    other = filtered(said, "rye bread")
    assert ids(other) == [product_id for product_id in ids(filtered(plain, "rye bread")) if product_id != "id 0009"]
    assert not other["pinned"].numpy().any()
    assert "id 0011" not in ids(filtered(said, "tea", category="Food"))
    # A pinned product passes the filters and limits, or is not there.
    prices = dict(zip(*(shop.catalogue[name].to_pylist() for name in ("product_id", "price")), strict=True))
    limit = prices["id 0005"] - 0.01
    for answer in (filtered(said, "green tea", max_price=limit), filtered(said, f"green tea under {limit:.2f}")):
        assert "id 0005" not in ids(answer)
        assert all(prices[product_id] <= limit for product_id in ids(answer))
    default = said.search(tf.constant(["green tea", "rye"]))
    assert default["product_ids"].numpy()[0].tolist() == after["product_ids"].numpy()[0, :10].tolist()
    assert b"id 0009" not in default["product_ids"].numpy()


@pytest.mark.long
def test_a_synonym_finds_what_its_twin_finds(said: SearchModule) -> None:
    twin, synonym = (filtered(said, query) for query in ("green tea", "brews"))
    for name in ("product_ids", "scores", "pinned"):
        assert np.array_equal(twin[name].numpy(), synonym[name].numpy()), name
