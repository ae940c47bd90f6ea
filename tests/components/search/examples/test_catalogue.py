"""The catalogue of search, from tables with and without optional columns."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.search.examples.catalogue import SEARCH_CATALOGUE_SCHEMA, build_search_catalogue
from trainer.search.export import searched_products


def skus(catalogue: pa.Table) -> Sequence[bytes]:
    rows = np.zeros(len(catalogue), np.int32)
    return searched_products(catalogue, text_of_product=rows, thing_of_product=rows).skus


def test_optional_columns_are_null_where_there_are_none() -> None:
    products = pa.table({"product_id": ["b", "a"], "title": ["Mug", "Pot"]})
    catalogue = build_search_catalogue(products, ("title",))
    assert catalogue.schema.equals(SEARCH_CATALOGUE_SCHEMA)
    assert catalogue["product_id"].to_pylist() == ["a", "b"]
    assert [catalogue[name].null_count for name in ("sku", "rating", "image_embedding")] == [2, 2, 2]
    assert skus(catalogue) == [b"", b""]


def test_skus_go_with_their_products_and_into_texts_that_want_them() -> None:
    products = pa.table({"product_id": ["b", "a"], "title": ["Mug", "Pot"], "sku": ["24-MB01", None]})
    catalogue = build_search_catalogue(products, ("title", "sku", "product_id"))
    assert catalogue["text"].to_pylist() == ["Pot. a", "Mug. 24-MB01. b"]
    assert skus(catalogue) == [b"", b"24-MB01"]
