"""The same products with other numbers, counted by hand, and one that is new."""

import json
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.events.users_together import TablePaths
from components.recommendation.counting.renewal import check_renewed, renew_catalogue
from components.recommendation.examples.options import RecommendationExamplesOptions
from trainer.artifacts.catalogue import CATALOGUE_SCHEMA, load_catalogue, load_catalogue_facts

HOUR, WEEK = 3600, 7 * 86_400
START = 1_700_000_000 // HOUR * HOUR
OPTIONS = RecommendationExamplesOptions(event_types={"view": 0.5, "purchase": 1.0}, text_fields=("title",))
EVENTS = [
    ("ann", "tea", "purchase", START),
    ("ann", "tea", "purchase", START + WEEK),
    ("bob", "tea", "view", START + 2 * WEEK),
    ("bob", "cup", "purchase", START + 2 * WEEK + 5),
    ("bob", "new", "purchase", START + 2 * WEEK + 9),
]
NOW = START + 2 * WEEK + HOUR


def lists(rows: list[dict], types: dict[str, pa.DataType]) -> pa.Table:
    """Writes a column as TableExampleGen does: a list of one value each."""
    columns = {}
    for name, kind in types.items():
        values = [None if row.get(name) is None else [row[name]] for row in rows]
        columns[name] = pa.array(values, pa.list_(kind))
    return pa.table(columns)


def write_tables(folder: Path, products: list[dict]) -> TablePaths:
    events = [
        {"user_id": u.encode(), "product_id": p.encode(), "event_type": k.encode(), "timestamp": t}
        for u, p, k, t in EVENTS
    ]
    binary = dict.fromkeys(("user_id", "product_id", "event_type"), pa.binary())
    pq.write_table(lists(events, {**binary, "timestamp": pa.int64()}), folder / "events.parquet")
    types = {
        "product_id": pa.binary(),
        "title": pa.binary(),
        "seller": pa.binary(),
        "price": pa.float32(),
        "in_stock": pa.int64(),
        "recommendable": pa.int64(),
    }
    pq.write_table(lists(products, types), folder / "products.parquet")
    return TablePaths([str(folder / "events.parquet")], [str(folder / "products.parquet")], [])


def write_earlier(folder: Path) -> str:
    """Writes the catalogue of a run: cup, gone, tea."""
    folder.mkdir()
    names = ["cup", "gone", "tea"]
    rows = [
        {
            **dict.fromkeys(CATALOGUE_SCHEMA.names, ""),
            "product_id": name,
            "title": name.upper(),
            "price": 1.0,
            "in_stock": True,
            "recommendable": True,
            "event_count": 7,
            "popularity": 7.0,
            "decayed_popularity": 7.0,
            "seller": f"seller of {name}",
        }
        for name in names
    ]
    schema = CATALOGUE_SCHEMA.append(pa.field("seller", pa.string()))
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "catalogue.parquet")
    statistics = ("total", "decayed", "recent", "latest", "buyers", "repeat_buyers")
    old = {f"{name}_{moment}": pa.array([9.0, 9.0, 9.0], pa.float32()) for moment in range(3) for name in statistics}
    old["total_0"] = pa.array([9.0, 99.0, 0.0], pa.float32())
    pq.write_table(pa.table(old), folder / "product_statistics.parquet")
    (folder / "catalogue.json").write_text(json.dumps({"event_types": ["view", "purchase"], "test_start": START}))
    return str(folder)


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    # What the run had in its table but did not learn stays out.
    known_ids = pa.array([b"cup", b"gone", b"seldom", b"tea"])
    products = [
        {"product_id": b"seldom", "title": b"Seldom"},
        {"product_id": b"tea", "title": b"Another title", "price": 2.5, "in_stock": 0, "recommendable": 1},
        {"product_id": b"cup", "title": b"CUP"},
        {"product_id": b"new", "title": b"New", "seller": b"Acme"},
    ]
    tables, earlier = write_tables(folder, products), write_earlier(folder / "earlier")
    out, quarantine = folder / "renewed", folder / "quarantine"
    out.mkdir()
    quarantine.mkdir()
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        _ = renew_catalogue(
            pipeline,
            OPTIONS,
            tables,
            earlier_uri=earlier,
            uri=str(out),
            quarantine_uri=str(quarantine),
            known_ids=known_ids,
        )
    check_renewed(str(out), OPTIONS, str(quarantine), tables)
    return out


def test_products_stay_with_new_prices_stock_and_popularity_and_a_new_one_comes_in(renewed: Path) -> None:
    rows = {row["product_id"]: row for row in load_catalogue(str(renewed)).to_pylist()}
    assert list(rows) == ["cup", "gone", "new", "tea"]
    assert rows["tea"]["title"] == "TEA"
    assert (rows["tea"]["seller"], rows["new"]["seller"]) == ("seller of tea", "Acme")
    assert (rows["tea"]["price"], rows["tea"]["in_stock"], rows["tea"]["recommendable"]) == (2.5, False, True)
    assert (rows["cup"]["price"], rows["cup"]["in_stock"], rows["cup"]["recommendable"]) == (1.0, True, True)
    # What the table lacks is not recommended any more.
    assert (rows["gone"]["price"], rows["gone"]["in_stock"], rows["gone"]["recommendable"]) == (1.0, True, False)
    assert {name: (row["event_count"], row["popularity"]) for name, row in rows.items()} == {
        "cup": (1, 1.0),
        "gone": (0, 0.0),
        "new": (1, 1.0),
        "tea": (3, 2.5),
    }
    assert (rows["new"]["title"], rows["new"]["text"], rows["new"]["recommendable"]) == ("New", "New", True)
    assert np.isnan(rows["new"]["price"])
    assert load_catalogue_facts(str(renewed))["test_start"] == NOW


def test_what_serves_is_counted_up_to_the_end_of_the_last_hour_and_the_moments_before_stay(renewed: Path) -> None:
    statistics = pq.read_table(renewed / "product_statistics.parquet")
    # Of earlier moments what is new is as the others are in the mean.
    assert statistics["buyers_1"].to_pylist() == pytest.approx([9.0, 9.0, 9.0, 9.0])
    assert statistics["total_0"].to_pylist() == pytest.approx([9.0, 99.0, 9.0, 0.0])
    weeks = (NOW - np.array([time for _, _, _, time in EVENTS])) / WEEK
    latest = np.exp(-weeks)
    expected = {
        "total_2": [1.0, 0.0, 1.0, 2.5],
        "latest_2": [latest[3], 0.0, latest[4], latest[0] + latest[1] + 0.5 * latest[2]],
        "buyers_2": [1.0, 0.0, 1.0, 2.0],
        "repeat_buyers_2": [0.0, 0.0, 0.0, 1.0],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(statistics[name].to_numpy(), values, rtol=1e-5)


def test_events_without_times_are_refused(tmp_path: Path) -> None:
    rows = [{"user_id": b"ann", "product_id": b"tea", "event_type": b"view", "position": 1}]
    types = {**dict.fromkeys(("user_id", "product_id", "event_type"), pa.binary()), "position": pa.int64()}
    pq.write_table(lists(rows, types), tmp_path / "events.parquet")
    tables = TablePaths([str(tmp_path / "events.parquet")], [], [])
    leaving_out = OPTIONS.model_copy(update={"split": OPTIONS.split.model_copy(update={"method": "leave_last_out"})})
    with pytest.raises(InputError, match="table `events` has positions"):
        renew_catalogue(
            beam.Pipeline(argv=["--runner=FnApiRunner"]),
            leaving_out,
            tables,
            earlier_uri="",
            uri=str(tmp_path),
            quarantine_uri=str(tmp_path),
        )
