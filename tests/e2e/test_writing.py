"""Writing: from tables of products and answers to texts on a terminal and in a file."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from serving.client import Shelfwise
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import WRITING_NODES
from tests.tiny_llama import write_tiny_llama
from tfx_pipeline.commands.cli import app

PROJECT = Path(__file__).parents[2]
COLOURS = ("red", "blue")
PRODUCTS = [
    {
        "product_id": f"p{place}",
        "title": f"{COLOURS[place % 2]} tea no {place}",
        "brand": "Acme" if place % 3 else "Only",
        "colour": COLOURS[place % 2],
        "description": f"A {COLOURS[place % 2]} tea. It is made with milk." if place % 4 else None,
    }
    for place in range(40)
]
ANSWERS = [
    {"answer_id": f"a{place}", "question": f"where is order {place} of tea", "intent": "track", "text": text}
    for place, text in enumerate(["Look at your page.", "Please look at your page.", "Order 3 is on its way."] * 4)
]
WRITING = {
    "attributes": ["colour"],
    "split": {"eval_fraction": 0.2, "test_fraction": 0.3, "most_test": 6},
    "training": {"min_pairs": 5, "batch_size": 8, "max_epochs": 1, "lora_rank": 2},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that has the task writing alone, after one run."""
    folder = tmp_path_factory.mktemp("shop")
    write_tiny_llama(folder / "llama")
    for name, rows in {"products": PRODUCTS, "answers": ANSWERS}.items():
        pd.DataFrame(rows).to_json(folder / f"{name}.jsonl", orient="records", lines=True)
    language = {"model": str(folder / "llama"), "prompt_tokens": 400, "new_tokens": 8}
    config = write_config(
        folder,
        tables={"products": "products.jsonl", "answers": "answers.jsonl"},
        text=False,
        tasks={"writing": {**WRITING, "language": language}},
    )
    summary, ran = run_quietly(config, folder / "root")
    assert set(WRITING_NODES) <= ran
    task = summary["tasks"]["writing"]
    assert task["blessed"], task["refused_because"]
    return folder


def test_the_summary_and_the_report_tell_what_happened(shop: Path) -> None:
    task = read_summary(shop / "root")["tasks"]["writing"]
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "writing"
    assert task["examples"]["train"] >= 5
    assert task["texts"]["test"] == task["examples"]["test"] == 6
    assert task["baselines"]["template"]["checked"] == 1.0
    assert "A machine wrote them." in (shop / "root" / "report.html").read_text(encoding="utf-8")


def test_a_terminal_gets_texts_and_is_told_what_is_false(shop: Path) -> None:
    runner = CliRunner()
    with served(shop / "root") as address:
        asked = ["write", "--field", "title=red tea", "--field", "brand=Acme", "--address", address]
        written = runner.invoke(app, [*asked, "--json"])
        assert written.exit_code == 0, written.output
        answer = json.loads(written.output)
        assert answer["written_by"] in ("model", "template")
        assert answer["checked"] == (answer["reason"] == "")
        refused = runner.invoke(app, [*asked, "--text", "A blue tea by Only for 99"])
        assert "not in the facts: number 99, colour blue, brand only" in " ".join(refused.output.split())
        assert "passes" in runner.invoke(app, [*asked, "--text", "Acme makes red tea"]).output
        assert isinstance(runner.invoke(app, ["write", "--field", "title"]).exception, InputError)


def test_a_whole_catalogue_is_written_and_goes_on_where_it_was(shop: Path, tmp_path: Path) -> None:
    runner, out = CliRunner(), tmp_path / "texts.jsonl"
    asked = ["write", "--root", str(shop / "root"), "--variants", "2", "--out"]
    written = runner.invoke(app, [*asked, str(out)])
    assert written.exit_code == 0, written.output
    assert "texts a second" in written.output
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {line["product_id"] for line in lines} == {row["product_id"] for row in PRODUCTS}
    assert all(line["machine_written"] and line["text"] for line in lines)
    assert all(line["checked"] == (line["written_by"] != "template") for line in lines)
    for line in lines:
        colour = COLOURS[int(line["product_id"][1:]) % 2]
        assert not (set(COLOURS) - {colour}) & set(line["text"].lower().split())
    second = [line for line in lines if line["variant"] == 1]
    assert all(0.0 < line["difference"] <= 1.0 for line in second)
    # A part that is there is not written again, and only goes on for the same wish.
    parts = tmp_path / "again.jsonl.parts"
    parts.mkdir()
    model = max((shop / "root" / "serving" / "writing").iterdir())
    table = max((shop / "root" / "artifacts" / "ProductsExampleGen" / "examples").iterdir())
    wish = {"model": str(model), "table": str(table), "what": "description", "variants": 2, "offer": ""}
    (parts / "asked.json").write_text(json.dumps(wish))
    kept = {**lines[0], "text": "kept"}
    (parts / "part-00000.jsonl").write_text(json.dumps(kept) + "\n")
    again = runner.invoke(app, [*asked, str(tmp_path / "again.jsonl")])
    assert "1 of 1 parts were there already" in " ".join(again.output.split())
    assert json.loads((tmp_path / "again.jsonl").read_text()) == kept
    assert not parts.exists()
    parts.mkdir()
    (parts / "asked.json").write_text(json.dumps({**wish, "variants": 3}))
    refused = runner.invoke(app, [*asked, str(tmp_path / "again.jsonl")])
    assert isinstance(refused.exception, InputError)
    unknown = runner.invoke(app, ["write", "--what", "poem", "--root", str(shop / "root"), "--out", str(out)])
    assert isinstance(unknown.exception, InputError)


@pytest.mark.long
def test_the_steps_of_the_compiled_pipeline_say_the_same(shop: Path) -> None:
    spec, root = shop / "pipeline.yaml", shop / "spec-root"
    compile_it = ["compile", "--config", str(shop / "shop.yaml"), "--image", "shelfwise:1"]
    compile_it += ["--pipeline-root", "gs://bucket/root", "--out", str(spec)]
    compiled = CliRunner().invoke(app, compile_it)
    assert compiled.exit_code == 0, compiled.output
    run_it = [sys.executable, "-m", "tfx_pipeline", "run-spec", str(spec), "--root", str(root), "--data", str(shop)]
    done = subprocess.run(run_it, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = [{name: row[name] or "" for name in ("title", "brand")} for row in PRODUCTS[:6]]
    found = []
    for each in (shop / "root", root):
        with served(each) as address, Shelfwise(address) as client:
            found.append([client.write("description", fields) for fields in asked])
            false = client.check_text("description", asked[0], "A blue tea for 99")
            assert false.reason == "not in the facts: number 99, colour blue"
    assert found[1] == found[0]
