"""The catalogue of search, from tables with and without optional columns."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.search.examples.catalogue import SEARCH_CATALOGUE_SCHEMA, build_search_catalogue
from trainer.search.export import searched_products
from trainer.things import things_of


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


def test_columns_that_are_kept_stand_beside_the_catalogues_own() -> None:
    products = pa.table(
        {"product_id": ["b", "a"], "title": ["Mug", "Pot"], "parent_id": ["7", None], "sku": ["1", "2"]}
    )
    catalogue = build_search_catalogue(products, ("title",), ("parent_id", "sku"))
    assert catalogue.column_names == [*SEARCH_CATALOGUE_SCHEMA.names, "parent_id"]
    assert catalogue["parent_id"].to_pylist() == [None, "7"]
    assert things_of(catalogue, "parent_id").tolist() == [0, 1]
