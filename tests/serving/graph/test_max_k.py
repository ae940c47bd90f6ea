"""The served graphs answer no more products than `max_k`, whatever a request asks for, and none the fewer for it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.answers import at_most
from tests.serving.recommendation.small_shop import Ask, filtered_inputs, small_module
from tests.serving.search.search_shop import PlainSearch, Search, search_inputs

MAX_K = 3
ASKED = [2, 1_000_000_000, -4, MAX_K]


def with_k(inputs: Mapping[str, np.ndarray], ks: list[int]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in {**inputs, "k": np.array(ks, np.int32)}.items()}


def asked_of(task: str, plain_search: PlainSearch, tower: Any) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Returns each signature that takes a `k`, of a model of few answers, with its other inputs."""
    rows = len(ASKED)
    if task == "search":
        search = plain_search.module()
        search.max_k = MAX_K
        return {
            "filtered": (search.search_filtered, search_inputs([Search("tea")] * rows)),
            "evaluate": (search.evaluate, {"query": np.full(rows, b"tea", object)}),
        }
    shop = small_module(tower, max_k=MAX_K)
    return {
        "filtered": (shop.recommend_filtered, filtered_inputs([Ask(["P001"])] * rows)),
        "similar_products": (shop.similar_products, {"product_id": np.full(rows, b"P001", object)}),
        "bought_together": (shop.bought_together, {"product_ids": np.full((rows, 10), b"P001", object)}),
        "complements": (shop.complements, {"product_id": np.full(rows, b"P001", object)}),
    }


@pytest.mark.parametrize("task", ["search", "recommendation"])
def test_a_huge_k_gets_max_k_products(task: str, plain_search: PlainSearch, tower: Any) -> None:
    for name, (method, inputs) in asked_of(task, plain_search, tower).items():
        huge = method(**with_k(inputs, ASKED))
        most = method(**with_k(inputs, [2, MAX_K, 0, MAX_K]))
        for output, value in huge.items():
            # What is said of a query has no columns.
            assert value.shape[1:] in ([], [MAX_K]), (name, output)
            np.testing.assert_array_equal(value, most[output], err_msg=f"{name} {output}")


def test_a_k_below_the_limit_is_left_alone() -> None:
    np.testing.assert_array_equal(at_most(tf.constant(ASKED), MAX_K), np.minimum(ASKED, MAX_K))
