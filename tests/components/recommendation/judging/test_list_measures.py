"""Kinds of products; the measures themselves are tested in tests/trainer and through the evaluator."""

import pyarrow as pa

from components.recommendation.judging.list_measures import product_kinds


def test_a_product_without_category_is_its_own_kind():
    kinds = product_kinds(pa.chunked_array([["Home", "", "Home > Kitchen"], ["", "Home"]])).tolist()
    assert kinds[0] == kinds[4]
    assert len(set(kinds)) == 4


def test_no_product_has_a_category():
    assert len(set(product_kinds(pa.chunked_array([["", "", ""]])).tolist())) == 3
