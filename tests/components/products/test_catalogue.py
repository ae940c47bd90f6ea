"""A catalogue is in byte order of ids, with what is missing filled, and comes back from its file."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa

from components.products.catalogue import Popularity, build_catalogue, write_catalogue, write_catalogue_facts
from trainer.artifacts.catalogue import CATALOGUE_SCHEMA, load_catalogue, load_catalogue_facts

PRODUCTS = pa.table(
    {
        "product_id": pa.array(["é".encode(), b"b", b"a\nb"]),
        "title": pa.array([b"Tea", None, b"Bread"]),
        "price": pa.array([2.5, None, 1.0], pa.float64()),
        "in_stock": pa.array([0, None, 1], pa.int64()),
    }
)
POPULARITY = Popularity(np.array([3, 0, 2]), np.array([1.5, 0.0, 2.0]), np.array([0.5, 0.0, 1.0]))


def test_rows_are_filled_and_in_byte_order(tmp_path: Path) -> None:
    write_catalogue(str(tmp_path), build_catalogue(PRODUCTS, POPULARITY, ("title",)))
    write_catalogue_facts(str(tmp_path), {"counts": {"products": 3}})
    catalogue = load_catalogue(str(tmp_path))
    assert catalogue.schema == CATALOGUE_SCHEMA
    rows = catalogue.to_pylist()
    assert [row["product_id"] for row in rows] == ["a\nb", "b", "é"]
    assert [(row["title"], row["text"], row["category"], row["brand"]) for row in rows] == [
        ("Bread", "Bread", "", ""),
        ("", "", "", ""),
        ("Tea", "Tea", "", ""),
    ]
    assert [row["in_stock"] for row in rows] == [True, True, False]
    assert [row["price"] for row in rows[::2]] == [1.0, 2.5]
    assert math.isnan(rows[1]["price"])
    counts = [(row["event_count"], row["popularity"], row["decayed_popularity"]) for row in rows]
    assert counts == [(2, 2.0, 1.0), (0, 0.0, 0.0), (3, 1.5, 0.5)]
    assert load_catalogue_facts(str(tmp_path)) == {"counts": {"products": 3}}


def test_columns_beside_the_schema_are_kept() -> None:
    products = PRODUCTS.append_column("seller", pa.array([b"x", None, b"y"]))
    kept = [pa.field("seller", pa.string()), pa.field("origin", pa.string()), CATALOGUE_SCHEMA.field("brand")]
    catalogue = build_catalogue(products, POPULARITY, (), kept)
    assert catalogue.column_names == [*CATALOGUE_SCHEMA.names, "seller", "origin"]
    assert catalogue["seller"].to_pylist() == ["y", None, "x"]
    assert catalogue["origin"].to_pylist() == [None] * 3


def test_ids_alone_are_their_own_titles() -> None:
    ids = pa.table({"product_id": ["b", "a"]})
    rows = build_catalogue(ids, Popularity.none(2), ()).to_pylist()
    assert [(row["product_id"], row["title"], row["text"], row["event_count"]) for row in rows] == [
        ("a", "a", "", 0),
        ("b", "b", "", 0),
    ]
