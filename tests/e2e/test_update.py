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

from serving.client import Shelfwise
from tests.e2e.shop import read_summary, run_quietly, served, write_config, write_tables
from tfx_pipeline.commands.cli import app
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.summary.state import state_of_run
from tfx_pipeline.updates.decisions import approve
from trainer.artifacts.catalogue import load_catalogue
from trainer.fitting.training_summary import read_training_summary

pytestmark = pytest.mark.long
PROJECT = Path(__file__).parents[2]
# A product that the shop had not yet when it ran.
NEW = "007"


@pytest.fixture(scope="module", params=[False, True], ids=["towers", "ranker"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run over the first weeks, and an update over all; texts are off. A ranker takes as long again."""
    folder = tmp_path_factory.mktemp("shop")
    write_tables(folder, users=50, products=60)
    events = pd.read_json(folder / "events.jsonl", lines=True, convert_dates=False, dtype=False)
    products = pd.read_csv(folder / "products.csv", dtype=str)
    early = (events["timestamp"] < events["timestamp"].quantile(0.85)) & (events["product_id"] != NEW)
    (folder / "events").mkdir()
    write_events(folder / "events" / "1.jsonl", events[early])
    products[products["product_id"] != NEW].to_csv(folder / "products.csv", index=False)
    tables = {"products": "products.csv", "events": "events"}
    config = write_config(folder, ranker=request.param, tables=tables, text=False)
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


@pytest.mark.parametrize("node", ["EventsStatisticsGen", "RecommendationTrainer", "RecommendationEvaluator"])
def test_an_update_that_is_killed_ends_as_if_it_had_not_been(shop: Path, node: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    # What the run has left names where it lay.
    shutil.copytree(shop / "before", root, symlinks=True)
    for file in (root / "state.json", root / "summary.json"):
        file.write_text(file.read_text().replace(str(shop / "root"), str(root)))
    arguments = [sys.executable, "-m", "tfx_pipeline", "update", "--root", str(root)]
    killed = subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert killed.stdout is not None
    for line in killed.stdout:
        if node in line:
            break
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
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
