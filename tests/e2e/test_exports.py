"""The exports that shops have, from their files to an answer: init, run without an edit, serve, ask."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from serving.client import Shelfwise
from tests.e2e.shop import read_summary, served
from tests.tfx_pipeline.init.exports import EXPORTS
from tfx_pipeline.config.config import load_config
from tfx_pipeline.init.proposing import propose
from tfx_pipeline.init.questions import BestGuess
from tfx_pipeline.running.run import run

PROJECT = Path(__file__).resolve().parents[2]

# How much is trained, and how large: what a test has no time for, and nothing that init decides.
SMALL = (
    "tasks.recommendation.towers.dimensions=16",
    "tasks.recommendation.towers.history=16",
    "tasks.recommendation.training.max_epochs=2",
    "tasks.recommendation.serving.history_length=32",
    "tasks.recommendation.ranker=off",
)


# Which rows come of each export is tested in tests/tfx_pipeline/init/test_rows.py; a whole run takes its time.
@pytest.mark.long
@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_runs_and_answers_without_an_edit(name: str, tmp_path: Path, tiny_bert: Path) -> None:
    (tmp_path / "data").mkdir()
    EXPORTS[name](tmp_path / "data")
    config, root = tmp_path / "shop.yaml", tmp_path / "root"
    command = [sys.executable, "-m", "tfx_pipeline", "init", str(tmp_path / "data"), "--out", str(config)]
    done = subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = config.read_text(encoding="utf-8")
    has_texts = "text: false" not in written
    overrides = [*SMALL, *([f"text.backbone={tiny_bert}"] if has_texts else [])]
    run(load_config(config, overrides, ["recommendation"]), root, io.StringIO())
    assert config.read_text(encoding="utf-8") == written
    summary = read_summary(root)
    assert summary["tasks"]["recommendation"]["pushed"], summary["tasks"]["recommendation"]["refused_because"]
    events = propose([str(tmp_path / "data")], BestGuess()).of_table("events")[0]
    column = events.column("product_id")
    assert column is not None
    with served(root) as address, Shelfwise(address) as client:
        answers = client.recommend([str(column.examples()[0])], k=5)
    assert len(answers) == 5
    assert all(answer.title for answer in answers)
    if not has_texts:
        assert [answer.title for answer in answers] == [answer.product_id for answer in answers]
