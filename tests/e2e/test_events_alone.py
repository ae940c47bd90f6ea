"""A shop of events and nothing else: a run, a run that is killed again and again, and the compiled pipeline's steps.

All three end with the same model. tests/e2e/test_exports.py has a short one.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serving.client import Shelfwise
from tests.e2e.shop import read_summary, run_quietly, served, write_config, write_tables
from tfx_pipeline.commands.cli import app

PROJECT = Path(__file__).parent.parent.parent
HISTORIES = ([], ["007"], ["with space", "007", "牛奶-1"], ["unknown"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with events and configuration, and a run under `root`; without a ranker, which takes as long again."""
    folder = tmp_path_factory.mktemp("shop")
    write_tables(folder)
    config = write_config(folder, tables={"events": "events.jsonl"}, text=False, ranker=False)
    run_quietly(config, folder / "root")
    return folder


def answers(root: Path) -> list[list[tuple[str, float]]]:
    with served(root) as address, Shelfwise(address) as client:
        return [
            [(answer.product_id, answer.score) for answer in client.recommend(history, k=6)] for history in HISTORIES
        ]


@pytest.mark.long
def test_the_steps_of_the_compiled_pipeline_make_the_same_model(shop: Path) -> None:
    spec, root = shop / "pipeline.yaml", shop / "spec-root"
    compile_it = ["compile", "--config", str(shop / "shop.yaml"), "--image", "shelfwise:1"]
    compile_it += ["--pipeline-root", "gs://bucket/root", "--out", str(spec)]
    assert CliRunner().invoke(app, compile_it).exit_code == 0
    run_it = ["run-spec", str(spec), "--root", str(root), "--data", str(shop)]
    done = subprocess.run(
        [sys.executable, "-m", "tfx_pipeline", *run_it], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"pushed {root}/serving/recommendation/\d+", done.stdout)
    for expected, found in zip(answers(shop / "root"), answers(root), strict=True):
        assert [product_id for product_id, _ in found] == [product_id for product_id, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-4)


@pytest.mark.long
def test_a_run_that_is_killed_at_three_nodes_ends_with_the_same_summary(shop: Path) -> None:
    root = shop / "killed-root"
    # In the middle of the statistics, of the training and of the export.
    for done in ("EventsExampleGen", "RecommendationExamples", "RecommendationTrainer"):
        _start_and_kill(shop / "shop.yaml", root, after=done)
    summary, ran = run_quietly(shop / "shop.yaml", root)
    assert not ran & {"EventsExampleGen", "EventsStatisticsGen", "RecommendationExamples", "RecommendationTrainer"}
    assert _lasting(summary, root) == _lasting(read_summary(shop / "root"), shop / "root")


def _start_and_kill(config: Path, root: Path, after: str) -> None:
    """Runs the command line in a process of its own and kills it once a node is done and the next one begins."""
    command = [sys.executable, "-m", "tfx_pipeline", "run", "--config", str(config), "--root", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        for line in process.stdout or ():
            if after in line:
                break
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (root / "summary.json").exists()


def _lasting(summary: Any, root: Path) -> Any:
    """Returns what of a summary is the same in every run: not times and memory, nor where and as which version."""
    task = summary["tasks"]["recommendation"]
    assert Path(task["pushed"]).parent == root / "serving" / "recommendation"
    # The model's own card, which counts among its bytes, holds seconds too.
    lasting = {name: value for name, value in task.items() if name not in ("pushed", "fingerprint", "model_bytes")}
    lasting["rules"] = {name: value for name, value in task["rules"].items() if name != "uri"}
    changing = {"seconds", "total_seconds", "peak_rss_bytes"}
    return {name: value for name, value in summary.items() if name not in changing} | {"tasks": lasting}
