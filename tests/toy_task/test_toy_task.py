"""A task that another package brings goes the whole way, and nothing of this project knows its name."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from serving.client import Shelfwise
from tests.e2e.shop import served
from tests.serving.client.awaited import awaited
from tests.task_nodes import of_task
from tfx_pipeline.workers.machine import processors

SITE = Path(__file__).parent / "site"
PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SITE), str(PROJECT)])}
NODES = of_task("Shouting", "Examples", "Trainer")
CALM = ("thank you", "it fits well", "please send another", "my order came", "a fine cup of tea", "good cheese")


# TFX is imported once for all commands.
COMMANDS = """
import json
import sys
from tfx_pipeline.commands.cli import app
for arguments in json.loads(sys.argv[1]):
    assert not app(arguments, standalone_mode=False), arguments
"""


def shelfwise(*commands: list[str]) -> str:
    """Runs commands one after the other in a process that finds the package, and returns what they print."""
    command = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    chosen = random.Random(0)
    calm = [" ".join(chosen.choices(CALM, k=3)) + f" {number}" for number in range(150)]
    texts = pd.DataFrame({"text": calm, "label": "calm"})
    loud = pd.DataFrame({"text": [text.upper() for text in calm], "label": "loud"})
    pd.concat([texts, loud]).to_csv(folder / "texts.csv", index=False)
    config = {"name": "loud-shop", "tables": {"texts": "texts.csv"}, "text": False, "tasks": {"shouting": None}}
    (folder / "shop.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def printed(shop: Path) -> str:
    """What a run prints, after which the pipeline was compiled."""
    config = ["--config", str(shop / "shop.yaml")]
    options = ["--image", "shop/shelfwise:1", "--pipeline-root", "gs://shop/runs", "--out", str(shop / "pipeline.yaml")]
    return shelfwise(["run", *config, "--root", str(shop / "root")], ["compile", *config, *options])


# tests/docs/test_add_a_task.py has a run of a task from outside that is not long.
@pytest.mark.long
def test_it_is_trained_judged_and_pushed(shop: Path, printed: str) -> None:
    summary = json.loads((shop / "root" / "summary.json").read_text(encoding="utf-8"))
    task = summary["tasks"]["shouting"]
    assert set(NODES) <= set(summary["seconds"])
    assert task["blessed"], task["refused_because"]
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "shouting"
    assert task["metrics"]["test"]["accuracy"] == 1.0


@pytest.mark.long
def test_its_nodes_ran_in_workers_that_share_what_is_loaded(shop: Path, printed: str) -> None:
    (log,) = (shop / "root" / "logs").iterdir()
    started = re.findall(r"Starting \d+ workers by (\w+)", log.read_text(encoding="utf-8"))
    assert started == (["fork"] if processors() > 1 else [])


@pytest.mark.long
def test_the_end_of_the_run_and_the_report_show_it(shop: Path, printed: str) -> None:
    assert re.search(r"shouting, \d+ test texts", printed)
    assert "accuracy" in printed
    assert "300 texts were told apart by their capital letters" in printed
    page = (shop / "root" / "report.html").read_text(encoding="utf-8")
    assert "<h2>shouting</h2>" in page
    assert "Texts by true and given label." in page


@pytest.mark.long
def test_it_is_served_and_asked(shop: Path, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SITE))
    from shouting.calls import is_shouted

    with served(shop / "root") as address:
        with Shelfwise(address) as client:
            assert client.ask(is_shouted("WHERE IS MY ORDER"))
            assert not client.ask(is_shouted("where is my order"))

        assert awaited(address, lambda client: client.ask(is_shouted("WHERE IS MY ORDER")))


@pytest.mark.long
def test_it_compiles_for_kubeflow(shop: Path, printed: str) -> None:
    (spec,) = yaml.safe_load_all((shop / "pipeline.yaml").read_text(encoding="utf-8"))
    assert set(NODES) <= set(spec["root"]["dag"]["tasks"])
    assert "last_blessed_shouting" in spec["root"]["inputDefinitions"]["parameters"]


def test_its_keys_are_checked_like_any_others(shop: Path) -> None:
    command = [sys.executable, "-m", "tfx_pipeline", "run", "--config", str(shop / "shop.yaml")]
    for setting, message in {
        "tasks.shouting.loudness=3": "unknown key `tasks.shouting.loudness`",
        "tables.texts=null": "`tables.texts` is missing; the task shouting learns from labelled texts",
    }.items():
        done = subprocess.run(
            [*command, "--set", setting], env=ENVIRONMENT, cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1
