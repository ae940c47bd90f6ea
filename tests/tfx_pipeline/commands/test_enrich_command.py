"""`shelfwise enrich` over made-up products of which some brands are hidden."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from tfx_pipeline.commands.cli import app
from tfx_pipeline.summary.file import write_summary
from tfx_pipeline.summary.model import RunSummary

BRANDS = ("Aster", "Birch & Co", "Cobalt", "牛奶")
KINDS = {"Tea Pot": "Kitchen > Pots", "Bread Knife": "Kitchen > Knives", "Running Shoe": "Sports", "茶叶": "食品"}
CONFIG = {"name": "shop", "tables": {"products": "products.csv", "events": "e.csv"}, "tasks": {"recommendation": {}}}
Row = dict[str, str | None]


@pytest.fixture(scope="module")
def products() -> list[Row]:
    random = np.random.default_rng(0)
    rows: list[Row] = []
    for number in range(400):
        brand, kind = str(random.choice(BRANDS)), str(random.choice(list(KINDS)))
        hidden = number % 5 == 0
        # Of one in ten, the title does not say the brand.
        title = f"{kind} {number}" if number % 10 == 1 else f"{brand} {kind} {number}"
        rows.append(
            {
                "product_id": f"P{number}",
                "title": title,
                "brand": None if hidden else brand,
                "category": None if hidden else KINDS[kind],
                "true brand": brand,
                "true category": KINDS[kind],
            }
        )
    return rows


@pytest.fixture(scope="module")
def root(products: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run")
    folder = root / "artifacts" / "ProductsExampleGen" / "examples" / "1" / "Split-all"
    folder.mkdir(parents=True)

    def column(name: str) -> Any:
        return pa.array([[row[name].encode()] if row[name] is not None else None for row in products])  # type: ignore[union-attr]

    names = ("product_id", "title", "brand", "category")
    pq.write_table(pa.table({name: column(name) for name in names}), folder / "data-00000-of-00001.parquet")
    times = {"seconds": {}, "total_seconds": 1.0, "peak_rss_bytes": 1}
    write_summary(root, RunSummary(version=1, config=CONFIG, tasks={}, **times))
    done = CliRunner().invoke(app, ["enrich", "--root", str(root)])
    assert done.exit_code == 0, done.output
    assert "look through it" in done.output
    return root


def test_hidden_values_come_back_with_evidence(root: Path, products: list[Row]) -> None:
    with (root / "enrich" / "filled.csv").open(encoding="utf-8") as file:
        filled = list(csv.DictReader(file))
    true = {(row["product_id"], field): row[f"true {field}"] for row in products for field in ("brand", "category")}
    assert len(filled) == 2 * 80
    for row in filled:
        assert row["value"] == true[row["product_id"], row["field"]]
        assert float(row["confidence"]) >= 0.95
        words = row["evidence"].partition('"')[2].removesuffix('"')
        assert words in row["title"].lower().replace(" & ", " ") or words in KINDS.values() or words in BRANDS


def test_what_it_dares_is_counted_where_the_value_is_known(root: Path, products: list[Row]) -> None:
    (row,) = (
        row
        for file in (root / "enrich").glob("judged-*.parquet")
        for row in pq.read_table(file).to_pylist()
        if row["field"] == "brand"
    )
    assert (row["known"], row["missing"], row["filled"]) == (320, 80, 80)
    # Nothing says the brand of the others, and it is not guessed, but by the few that may be wrong.
    assert 280 <= row["dared"] <= 295
    assert row["right"] >= 0.95 * row["dared"]


def test_a_column_that_is_not_there_is_named(root: Path) -> None:
    done = CliRunner().invoke(app, ["enrich", "--root", str(root), "--field", "colour"])
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == "--field colour: expected a column of texts of `products`, which has brand, category"
