"""A shop that changes: its recommender is updated, not made again, and nothing is counted twice."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from components.recommendation.counting.new_products import transform_new_products
from serving.client import Shelfwise
from tests.e2e.shop import read_summary, run_quietly, served, write_config, write_tables
from tfx_pipeline.commands.cli import app
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.summary.state import state_of_run
from tfx_pipeline.updates.decisions import approve
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.parquet_files import read_parquet, write_parquet
from trainer.fitting.training_summary import read_training_summary

pytestmark = pytest.mark.long
PROJECT = Path(__file__).parents[2]
# A product that the shop had not yet when it ran.
NEW = "007"


@pytest.fixture(scope="module", params=[False, True], ids=["towers", "ranker"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder with a run over the first weeks, and an update over all: towers without texts, or with texts and ranker.

    A ranker takes as long again.
    """
    folder = tmp_path_factory.mktemp("shop")
    write_tables(folder, users=50, products=60)
    events = pd.read_json(folder / "events.jsonl", lines=True, convert_dates=False, dtype=False)
    products = pd.read_csv(folder / "products.csv", dtype=str)
    early = (events["timestamp"] < events["timestamp"].quantile(0.85)) & (events["product_id"] != NEW)
    (folder / "events").mkdir()
    write_events(folder / "events" / "1.jsonl", events[early])
    products[products["product_id"] != NEW].to_csv(folder / "products.csv", index=False)
    tables = {"products": "products.csv", "events": "events"}
    text = {"backbone": str(tiny_bert), "sequence_length": 8} if request.param else False
    config = write_config(folder, ranker=request.param, tables=tables, text=text)
    run_quietly(config, folder / "root")
    shutil.copytree(folder / "root", folder / "before", symlinks=True)
    write_events(folder / "events" / "2.jsonl", events[~early])
    products.to_csv(folder / "products.csv", index=False)
    updated = command("update", "--root", str(folder / "root"))
    assert re.search(r"recommendation pushed to .*/serving/recommendation/\d+", updated)
    return folder


def write_events(file: Path, events: pd.DataFrame) -> None:
    events.to_json(file, orient="records", lines=True, force_ascii=False)


def command(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def versions(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "serving" / "recommendation").iterdir())


def trained(root: Path, node: str) -> dict[str, Any]:
    return read_training_summary(str(latest_artifact(root, node, "model")))


def test_an_update_goes_on_from_what_was_learned_and_knows_the_new_product(shop: Path) -> None:
    root = shop / "root"
    assert len(versions(root)) == 2
    assert (
        NEW
        in load_catalogue(str(latest_artifact(root, "RecommendationExamples", "catalogue")))["product_id"].to_pylist()
    )
    towers = trained(root, "RecommendationTrainer")
    assert towers["update"]["new"] >= 1
    if "RecommendationRanker" in read_summary(root)["seconds"]:
        assert list(trained(root, "RecommendationRanker")["scorers"]) == ["ranker"]
    before = trained(shop / "before", "RecommendationTrainer")
    assert towers["examples"]["train"] < before["examples"]["train"]
    task = read_summary(root)["tasks"]["recommendation"]
    assert task["blessed"], task["refused_because"]
    # Judged on the test users of the run before as well.
    assert task["earlier_test"]["users"]["test"] > 0
    assert task["compared_with"].endswith(versions(root)[0])
    with served(root) as address, Shelfwise(address) as client:
        assert len(client.recommend([NEW], k=5)) == 5


def test_nothing_is_new_on_the_same_tables_nor_with_the_same_file_under_another_name(shop: Path) -> None:
    root, again = shop / "root", shop / "events" / "2-again.jsonl"
    before = (versions(root), state_of_run(root))
    assert "nothing is new" in command("update", "--root", str(root))
    shutil.copy(shop / "events" / "2.jsonl", again)
    assert "nothing is new" in command("update", "--root", str(root))
    again.unlink()
    assert (versions(root), state_of_run(root)) == before


def test_counts_are_renewed_without_training_and_then_nothing_is_new(shop: Path) -> None:
    root = shop / "root"
    before = versions(root)
    towers = latest_artifact(root, "RecommendationTrainer", "model")
    answer = command("update", "--counts", "--root", str(root))
    assert re.search(r"recommendation pushed to .*/serving/recommendation/\d+", answer)
    assert "nothing is new" in command("update", "--counts", "--root", str(root))
    assert len(versions(root)) == len(before) + 1
    assert latest_artifact(root, "RecommendationTrainer", "model") == towers
    with served(root) as address, Shelfwise(address) as client:
        assert len(client.recommend([NEW], k=5)) == 5
    # A later run is compared with what was judged, whose counts end where the test period begins.
    shutil.rmtree(root / "serving" / "recommendation" / versions(root)[-1])


def test_a_products_table_comes_into_the_served_recommender_without_training(shop: Path) -> None:
    root = shop / "root"
    before, state = versions(root), state_of_run(root)
    products = pd.read_csv(shop / "products.csv", dtype=str)
    like, gone = products.iloc[10], products.iloc[11]["product_id"]
    new = {**like, "product_id": "new one", "title": "Something new", "price": "1.25"}
    now = pd.concat([products[products["product_id"] != gone], pd.DataFrame([new])])
    now.to_csv(shop / "now.csv", index=False)
    answer = command("index", "--root", str(root), "--products", str(shop / "now.csv"))
    assert "1 new products" in answer
    assert re.search(r"recommendation pushed to .*/serving/recommendation/\d+", answer)
    assert len(versions(root)) == len(before) + 1
    with served(root) as address, Shelfwise(address) as client:
        every = {product.product_id: product for product in client.recommend([like["product_id"]], k=100)}
        assert "new one" in every
        assert every["new one"].title == "Something new"
        assert gone not in every
        assert "new one" in {product.product_id for product in client.similar(like["product_id"], k=100)}
        assert len(client.similar("new one", k=5)) == 5
        assert len(client.bought_together(["new one"], k=5)) == 5
    # What is counted next is what the configuration names, and updates start from what they did before.
    found = state_of_run(root).parts["recommendation"]
    assert found.counted == {}
    assert found.outputs == state.parts["recommendation"].outputs
    shutil.rmtree(root / "serving" / "recommendation" / versions(root)[-1])


def test_a_new_product_is_transformed_as_transform_would_have_done(shop: Path, tmp_path: Path) -> None:
    examples, graph, tables = (
        latest_artifact(shop / "root", node, output)
        for node, output in [
            ("ProductsTransform", "transformed_examples"),
            ("ProductsTransform", "transform_graph"),
            ("ProductsExampleGen", "examples"),
        ]
    )
    every = rows_by_id(examples)
    kept = read_parquet(f"{examples}/Split-all/*.parquet").slice(5)
    (tmp_path / "before" / "Split-all").mkdir(parents=True)
    write_parquet(f"{tmp_path}/before/Split-all/some.parquet", kept)
    files = [str(file) for file in sorted((tables / "Split-all").glob("data*"))]
    transform_new_products(str(tmp_path / "before"), str(graph), files, str(tmp_path / "now"))
    found = rows_by_id(tmp_path / "now")
    assert found.keys() == every.keys()
    assert len(found) > len(kept)
    for product, row in every.items():
        assert found[product] == pytest.approx(row, abs=1e-5)


def rows_by_id(folder: Path) -> dict[bytes, dict[str, float]]:
    rows = read_parquet(f"{folder}/Split-all/*.parquet").to_pylist()
    flat = [{name: values[0] for name, values in row.items()} for row in rows]
    return {row.pop("product_id"): row for row in flat}


@pytest.mark.parametrize("node", ["EventsStatisticsGen", "RecommendationTrainer", "RecommendationEvaluator"])
def test_an_update_that_is_killed_ends_as_if_it_had_not_been(shop: Path, node: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    # What the run has left names where it lay.
    shutil.copytree(shop / "before", root, symlinks=True)
    for file in (root / "state.json", root / "summary.json"):
        file.write_text(file.read_text().replace(str(shop / "root"), str(root)))
    arguments = [sys.executable, "-m", "tfx_pipeline", "update", "--root", str(root)]
    with subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if node in line:
                break
        os.killpg(killed.pid, signal.SIGKILL)
    assert len(versions(root)) == 1
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ours, other = (read_summary(each)["tasks"]["recommendation"] for each in (shop / "root", root))
    for key in ("metrics", "counts", "examples", "blessed"):
        assert other[key] == ours[key]
    assert len(versions(root)) == 2


def test_a_model_that_a_person_has_to_approve_waits_and_is_then_what_updates_start_from(
    shop: Path, tmp_path: Path
) -> None:
    config = shop / "shop.yaml"
    summary, _ = run_quietly(config, tmp_path / "root", "tasks.recommendation.gate.approval=manual")
    task = summary["tasks"]["recommendation"]
    assert (task["pushed"], Path(task["waiting"]).parent.parent.name) == (None, "serving_waiting")
    (tmp_path / "root" / "serving").mkdir(exist_ok=True)
    shutil.copytree(shop / "root" / "serving" / "recommendation", tmp_path / "root" / "serving" / "recommendation")
    shown = command("waiting", "--root", str(tmp_path / "root"))
    assert f"recommendation waits in {task['waiting']}" in "".join(shown.splitlines())
    folder = approve(tmp_path / "root", "recommendation", "as good as it was")
    assert state_of_run(tmp_path / "root").parts["recommendation"].pushed == folder
    assert "nothing is new" in command("update", "--root", str(tmp_path / "root"))
