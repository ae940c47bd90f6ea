"""Another catalogue for a served search model."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tensorflow as tf
from typer.testing import CliRunner, Result

from components.errors import InputError
from tests.components.search.trained_search import judgements, products
from tests.e2e.shop import run_quietly, write_config
from tfx_pipeline.cli import app

SEARCH = {
    "queries": {"eval_fraction": 0.2, "test_fraction": 0.4},
    "training": {"max_epochs": 1, "batch_size": 16},
    "gate": {"min_users": 5},
}


@pytest.fixture(scope="module")
def run_root(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """The root of a run that pushed a search model."""
    folder = tmp_path_factory.mktemp("shop")
    pd.DataFrame(products()).to_parquet(folder / "products.parquet")
    pd.DataFrame(judgements()).to_parquet(folder / "judgements.parquet")
    config = write_config(
        folder,
        tables={"products": "products.parquet", "judgements": "judgements.parquet"},
        text={"backbone": str(tiny_bert), "fields": ["title"]},
        tasks={"search": SEARCH},
    )
    run_quietly(config, folder / "root")
    return folder / "root"


@pytest.fixture
def root(run_root: Path, tmp_path: Path) -> Path:
    """A copy of what an update reads."""
    for folder in ("serving/search", "artifacts/SearchExamples"):
        shutil.copytree(run_root / folder, tmp_path / "root" / folder)
    shutil.copy(run_root / "summary.json", tmp_path / "root")
    return tmp_path / "root"


def index(root: Path, rows: list[dict[str, Any]]) -> Result:
    """Runs `shelfwise index` on a table of these rows."""
    pd.DataFrame(rows).to_parquet(root / "new.parquet")
    return CliRunner().invoke(app, ["index", "--root", str(root), "--products", str(root / "new.parquet")])


def versions(root: Path) -> list[Path]:
    """The served versions, oldest first."""
    return sorted((root / "serving" / "search").iterdir(), key=lambda folder: int(folder.name))


def found(version: Path, query: str) -> dict[str, float]:
    """The score of every product that a version answers with, best first."""
    function = tf.saved_model.load(str(version)).signatures["filtered"]
    answer = function(
        query=tf.constant([query]),
        k=tf.constant([1000]),
        category=tf.constant([""]),
        max_price=tf.constant([0.0]),
        in_stock_only=tf.constant([False]),
        exclude_ids=tf.fill([1, 100], ""),
    )
    ids, scores = answer["product_ids"].numpy()[0], answer["scores"].numpy()[0]
    return {product_id.decode(): float(score) for product_id, score in zip(ids, scores, strict=True) if product_id}


def test_products_come_go_and_change(root: Path) -> None:
    before = products()
    removed, renamed = before[0]["product_id"], before[1]["product_id"]
    now = [
        *({**row, "title": "zebra quilt"} if row["product_id"] == renamed else row for row in before[1:]),
        {**before[2], "product_id": "new 牛奶", "title": "violet okapi quilt"},
    ]
    done = index(root, now)
    assert done.exit_code == 0, done.output
    assert "1 added, 1 changed, 1 removed, 2 embedded texts" in done.output
    old, new = versions(root)
    answers = found(new, "violet okapi")
    assert set(answers) == {row["product_id"] for row in now}
    assert next(iter(answers)) == "new 牛奶"
    assert next(iter(found(new, "zebra"))) == renamed
    assert removed in found(old, "red tea")
    card = json.loads((new / "assets.extra" / "model_card.json").read_text())
    assert card["limits"]["products"] == len(now)
    assert card["update"]["of_version"] == old.name


@pytest.mark.long
def test_the_same_catalogue_gives_the_same_answers(root: Path) -> None:
    assert index(root, products()).exit_code == 0
    old, new = versions(root)
    assert found(new, "red tea") == pytest.approx(found(old, "red tea"), abs=1e-4)


@pytest.mark.long
def test_a_catalogue_that_no_longer_answers_is_refused(root: Path) -> None:
    done = index(root, [{**row, "title": f"zebra quilt {place}"} for place, row in enumerate(products())])
    assert done.exit_code == 3, done.output
    assert "refused: ndcg_at_10" in done.output
    assert len(versions(root)) == 1


def test_bad_rows_are_counted_and_too_many_stop_it(root: Path) -> None:
    rows = products()
    broken = [{**row, "price": -1.0} if place < 5 else row for place, row in enumerate(rows)]
    done = index(root, broken)
    assert isinstance(done.exception, InputError)
    assert "Table `products`: 5 of 64 rows are bad" in str(done.exception)
    assert "negative_price (5)" in str(done.exception)
    assert len(versions(root)) == 1
    assert list((root / "index" / "quarantine").glob("quarantine-*.jsonl"))


def test_without_a_run_there_is_nothing_to_update(tmp_path: Path) -> None:
    done = index(tmp_path, products())
    assert isinstance(done.exception, InputError)
    assert "has no summary.json" in str(done.exception)
