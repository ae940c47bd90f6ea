"""`bought_together`: the exported signature and the client against rules worked out in plain Python."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.client import Shelfwise
from serving.graph.one_of_each import OneOfEach
from serving.recommendation.together import MAX_TOGETHER_IDS, CategoryRules, ServedRules, TogetherIndex
from shelfwise_client.errors import RefusedRequestError
from tests.serving.recommendation.small_shop import PlainShop

ASKED: list[tuple[list[str], int]] = [
    (["P001"], 5),
    (["P001", "", "gone", "P002", "牛奶", "P001"], 40),
    ([f"P{number:03d}" for number in range(MAX_TOGETHER_IDS)], 3),
    (["nul\0", "nul\0\0", "line\nbreak\r\n", "tab\t"], 7),
    (["gone"], 4),
    ([], 4),
    (["P003"], 0),
    (["P003"], -2),
]


def inputs(asked: list[tuple[list[str], int]]) -> dict[str, tf.Tensor]:
    ids = np.full((len(asked), MAX_TOGETHER_IDS), b"", object)
    for row, (products, _) in enumerate(asked):
        for column, product in enumerate(products):
            ids[row, column] = product.encode()
    return {"product_ids": tf.constant(ids, tf.string), "k": tf.constant([k for _, k in asked], tf.int32)}


def rows_of(outputs: dict[str, Any]) -> list[list[tuple[str, float, float]]]:
    rows = []
    columns = (outputs[name].numpy() for name in ("product_ids", "confidence", "lift"))
    for ids, confidence, lift in zip(*columns, strict=True):
        known = int((ids != b"").sum())
        assert all(product == b"" for product in ids[known:])
        assert np.isneginf([confidence[known:], lift[known:]]).all()
        rows.append(list(zip([each.decode() for each in ids[:known]], confidence[:known], lift[:known], strict=True)))
    return rows


@pytest.fixture(scope="module")
def signature(reloaded: Any) -> Any:
    return reloaded.signatures["bought_together"]


def test_each_product_once_by_its_strongest_rule(signature: Any, plain_shop: PlainShop) -> None:
    outputs = signature(**inputs(ASKED))
    assert outputs["product_ids"].shape == (len(ASKED), 40)
    titles = {product_id.encode(): title.encode() for product_id, title in plain_shop.titles.items()} | {b"": b""}
    named = [[titles[product_id] for product_id in row] for row in outputs["product_ids"].numpy()]
    np.testing.assert_array_equal(outputs["titles"].numpy(), named)
    found = rows_of(outputs)
    for row, (products, k) in zip(found, ASKED, strict=True):
        expected = plain_shop.together(products, k)
        assert [product for product, *_ in row] == [product for product, *_ in expected]
        np.testing.assert_allclose([rest for _, *rest in row], [rest for _, *rest in expected], rtol=1e-6)
    assert [len(row) for row in found] == [5, 37, 3, 7, 0, 0, 0, 0]
    for row, source, (products, k) in zip(found, outputs["source"].numpy(), ASKED, strict=True):
        rules = len(plain_shop.by_rules(products, k))
        expected = [b"product rules"] * rules + [b"towers"] * (len(row) - rules)
        assert source.tolist() == [*expected, *[b""] * (40 - len(row))]


def test_a_row_has_the_same_answer_alone_as_in_a_batch(signature: Any) -> None:
    batch = rows_of(signature(**inputs(ASKED)))
    for row, ask in zip(batch, ASKED, strict=True):
        assert rows_of(signature(**inputs([ask])))[0] == row


def test_a_huge_k_has_a_column_a_product_and_no_rows_have_none(signature: Any) -> None:
    assert signature(**inputs([(["P001"], 1_000_000)]))["lift"].shape == (1, 40)
    assert signature(**inputs([]))["lift"].shape[0] == 0


NO_RULES = ServedRules(antecedent=np.zeros((0, 1), int), consequent=[], confidence=[], lift=[], strength=[])


def test_no_rules_find_nothing() -> None:
    everything = tf.ones([1, 3], tf.bool)
    found = TogetherIndex(NO_RULES, 3).find(tf.constant([[0, -1]]), tf.constant(2), everything, OneOfEach([0, 1, 2]))
    np.testing.assert_array_equal(found.products, [[-1, -1]])


def test_rules_of_products_come_before_those_of_categories_and_each_thing_once() -> None:
    """Products 0 and 1 are of category 0, product 2 is of none; 3 and 4 are one thing, and so is each other product."""
    rules = ServedRules(antecedent=[[0, -1]], consequent=[5], confidence=[0.1], lift=[1.5], strength=[0.01])
    categories = CategoryRules(
        category_of_product=[0, 0, -1, 1, 1, 1, 1],
        category=[0, 0, 0, 0, 1],
        product=[3, 4, 5, 6, 0],
        confidence=[0.2, 0.3, 0.4, 0.5, 0.6],
        lift=[2.0, 3.0, 4.0, 5.0, 6.0],
        strength=[0.3, 0.2, 0.9, 0.1, 0.5],
    )
    allowed = np.ones((4, 7), bool)
    allowed[3, 3] = False
    found = TogetherIndex(rules, 7, categories).find(
        tf.constant([[0, -1], [1, 2], [2, -1], [0, 0]]),
        tf.constant(4),
        tf.constant(allowed),
        OneOfEach([0, 1, 2, 3, 3, 4, 5]),
    )
    np.testing.assert_array_equal(found.products, [[5, 3, 6, -1], [5, 3, 6, -1], [-1] * 4, [5, 4, 6, -1]])
    np.testing.assert_array_equal(found.source.numpy()[0, :3], [0, 1, 1])
    np.testing.assert_allclose(found.confidence[0, :3], [0.1, 0.2, 0.5])
    np.testing.assert_allclose(found.lift[1, :3], [4.0, 2.0, 5.0])


def test_the_client_asks_and_reads(address: str, plain_shop: PlainShop) -> None:
    with Shelfwise(address, timeout_seconds=20) as client:
        answers = client.bought_together(["P001", "tab\t"], k=6)
        assert [answer.title for answer in answers] == [plain_shop.titles[answer.product_id] for answer in answers]
        expected = plain_shop.together(["P001", "tab\t"], 6)
        assert [answer.product_id for answer in answers] == [product for product, *_ in expected]
        found = [(answer.confidence, answer.lift) for answer in answers]
        np.testing.assert_allclose(found, [rest for _, *rest in expected], rtol=1e-6)
        assert client.bought_together(["gone"]) == []
        with pytest.raises(ValueError, match="at most 10"):
            client.bought_together([f"P{number:03d}" for number in range(MAX_TOGETHER_IDS + 1)])
        with pytest.raises(RefusedRequestError, match="as many rows"):
            client.predict(
                "recommendation",
                "bought_together",
                {"product_ids": np.full((2, MAX_TOGETHER_IDS), b"", object), "k": np.ones(1, np.int32)},
            )
