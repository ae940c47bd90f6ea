"""Ids and SKUs: what is shared by many, and what is no code."""

import tensorflow as tf

from serving.search.product_codes import MAX_NAMED, ProductCodes


def found(codes: ProductCodes, *queries: str) -> list[dict[int, float]]:
    products, closeness = codes.find(tf.constant(queries, tf.string, [len(queries)]))
    assert products.shape == closeness.shape
    return [
        {product: close for product, close in zip(*row, strict=True) if product >= 0}
        for row in zip(products.numpy().tolist(), closeness.numpy().tolist(), strict=True)
    ]


def product_codes(ids: list[str], skus: list[str]) -> ProductCodes:
    return ProductCodes(tf.Variable(tf.constant(ids)), tf.Variable(tf.constant(skus)))


def test_an_id_and_a_sku_that_are_alike_are_both_found() -> None:
    codes = product_codes(["A-1", "a1", "x"], ["", "same-9", "A 1"])
    assert found(codes, "A-1", "a1", "A 1", "a.1") == [
        {0: 2.0, 1: 1.0, 2: 1.0},
        {0: 1.0, 1: 2.0, 2: 1.0},
        {0: 1.0, 1: 1.0, 2: 2.0},
        {0: 1.0, 1: 1.0, 2: 1.0},
    ]
    assert found(codes, "", " ", "-", "A", "a 1 x") == [{}] * 5
    assert found(codes) == []


def test_a_product_whose_sku_is_its_id_is_found_once() -> None:
    assert found(product_codes(["A-1"], ["A1"]), "A1", "A-1") == [{0: 2.0}, {0: 2.0}]


def test_a_code_that_very_many_share_still_finds_the_product_whose_id_it_is() -> None:
    ids = [f"p{number}" for number in range(3 * MAX_NAMED)] + ["na"]
    (row,) = found(product_codes(ids, ["N/A"] * len(ids)), "na")
    assert len(row) == MAX_NAMED
    assert row[len(ids) - 1] == 2.0


def test_short_numbers_are_typed_as_they_are_and_long_ones_need_no_separators() -> None:
    codes = product_codes(["12", "1-2", "4006381"], ["", "", "978-3-16-148410-0"])
    assert found(codes, "12", "1/2", "1-2", "400-6381", "9783161484100") == [
        {0: 2.0},
        {},
        {1: 2.0},
        {2: 1.0},
        {2: 1.0},
    ]
