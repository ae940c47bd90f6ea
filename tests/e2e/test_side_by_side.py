"""A whole run in worker processes: the same artifacts as in one process, and a polite end."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from tests.e2e.shop import read_summary, run_quietly, write_config, write_tables
from tests.serving.server.load import until

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_tables(folder)
    return write_config(folder, tables={"events": "events.jsonl"}, text=False, ranker=False)


def command(config: Path, root: Path) -> list[str]:
    run = ["run", "--config", str(config), "--root", str(root), "--set", "local.workers=2"]
    return [sys.executable, "-m", "tfx_pipeline", *run]


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


@pytest.mark.long
def test_artifacts_are_those_of_a_run_in_one_process(config: Path, tmp_path: Path) -> None:
    together, alone = tmp_path / "together", tmp_path / "alone"
    subprocess.run(command(config, together), cwd=PROJECT, check=True, capture_output=True)
    summary, _ = run_quietly(config, alone)
    other = read_summary(together)
    assert set(other["seconds"]) == set(summary["seconds"]) == set(other["node_peak_bytes"])
    assert set(other["node_cpu_seconds"]) == set(other["seconds"])
    for root in (together, alone):
        assert other["peak_rss_bytes"] > max(other["node_peak_bytes"].values()) / 2, root
    for key in ("metrics", "baselines", "examples", "counts", "refused_because"):
        assert other["tasks"]["recommendation"][key] == summary["tasks"]["recommendation"][key]
    for pattern in (
        "RecommendationExamples/catalogue/*/catalogue.parquet",
        "RecommendationIndex/model/*/item_vectors-*.parquet",
        "BasketRules/rules/*/rules-*.parquet",
        "RecommendationEvaluator/evaluation/*/users-*.parquet",
    ):
        tables = [pq.read_table(only(root / "artifacts", pattern)) for root in (together, alone)]
        by = [(tables[0].column_names[0], "ascending")]
        assert tables[0].sort_by(by).equals(tables[1].sort_by(by)), pattern
    vectors = [
        np.load(only(root / "artifacts", "RecommendationTrainer/model/*/linear_vectors.npy"))
        for root in (together, alone)
    ]
    np.testing.assert_array_equal(*vectors)


@pytest.mark.long
def test_sigterm_ends_every_process_and_what_is_done_is_kept(config: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    with subprocess.Popen(command(config, root), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        for line in run.stdout:
            if b"RecommendationExamples" in line:
                break
        # Two workers, and then a node.
        until(lambda: len(psutil.Process(run.pid).children(recursive=True)) > 2)
        children = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGTERM)
        # As after Ctrl-C.
        assert (run.wait(), run.stderr.read()) == (130, b"")
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    costs = json.loads((root / "node_costs.json").read_text("utf-8"))
    assert "RecommendationExamples" in costs
    assert "RecommendationTrainer" not in costs
