"""Support: from a table of answers to a reply on a terminal."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from serving.client import Shelfwise
from tests.components.support.shop import ANSWERS, PRODUCTS, answers, dialogues
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import SUPPORT_NODES
from tests.tfx_pipeline.gateway.running import running_gateway
from tfx_pipeline.commands.cli import app

SUPPORT = {
    "split": {"eval_fraction": 0.2, "test_fraction": 0.2},
    "sequence_length": 24,
    "training": {"min_pairs": 50, "batch_size": 16, "max_epochs": 2},
    "answering": {"max_wrong": 0.4, "slots": {"size": "(?i)size (\\w+)"}},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A shop that has the task support alone, after one run."""
    folder = tmp_path_factory.mktemp("shop")
    contradicting = {"answer_id": "a milk", "text": "Milk is green.", "question": "is milk green"}
    tables = {"answers": [*answers(), contradicting], "dialogues": dialogues(), "products": list(PRODUCTS)}
    for name, table in tables.items():
        pd.DataFrame(table).to_json(folder / f"{name}.jsonl", orient="records", lines=True, force_ascii=False)
    config = write_config(
        folder,
        tables={name: f"{name}.jsonl" for name in tables},
        text={"backbone": str(tiny_bert), "batch_size": 16},
        tasks={"support": SUPPORT},
    )
    summary, ran = run_quietly(config, folder / "root")
    assert {"SupportTextVectors", *SUPPORT_NODES} <= ran
    task = summary["tasks"]["support"]
    assert task["blessed"], task["refused_because"]
    return folder


def test_the_summary_and_the_report_tell_what_happened(shop: Path) -> None:
    summary = read_summary(shop / "root")
    assert summary["quarantine"]["answers"] == {"duplicate_answer_id": 1}
    task = summary["tasks"]["support"]
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "support"
    assert task["counts"]["answers"] == len(ANSWERS) + 1
    assert task["questions"]["test"] == task["examples"]["test"]
    report = (shop / "root" / "report.html").read_text(encoding="utf-8")
    assert "What a score is made of" in report
    assert "share answered" in report
    _, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()


def test_a_terminal_gets_answers_and_hand_overs(shop: Path) -> None:
    runner = CliRunner()
    with served(shop / "root") as address:
        asked = ["ask", "green bread size XL", "--earlier", "milk", "--earlier", "hello", "--address", address]
        found = runner.invoke(app, [*asked, "--json"])
        assert found.exit_code == 0, found.output
        reply = json.loads(found.output)
        assert reply["slots"] == {"size": "XL"}
        assert {answer["answer_id"] for answer in reply["answers"]} <= {*ANSWERS, "g alone"}
        shown = runner.invoke(app, asked)
        assert shown.exit_code == 0, shown.output
        about = runner.invoke(app, ["ask", "what do kids eat", "--product", "p\n1", "--address", address, "--json"])
        assert about.exit_code == 0, about.output
        assert any(answer["answer_id"] == "product:p\n1" for answer in json.loads(about.output)["answers"])
        nothing = runner.invoke(app, ["ask", " ", "--address", address])
        assert "handed over: the question says nothing" in nothing.output


def test_the_gateway_answers_what_the_client_does(shop: Path, tmp_path: Path) -> None:
    asked = {"question": "green bread size XL", "earlier": ["hello", "milk"], "product_id": "p\n1"}
    with (
        served(shop / "root") as address,
        running_gateway(tmp_path, address) as gateway,
        Shelfwise(address) as client,
    ):
        expected = client.reply(asked["question"], earlier=asked["earlier"], product_id=asked["product_id"])
        answer = gateway.post("/ask", asked)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert [each["answer_id"] for each in found["answers"]] == [each.answer_id for each in expected.answers]
        assert found["slots"] == dict(expected.slots) == {"size": "XL"}
        assert (found["hand_over"], found["reason"]) == (expected.hand_over, expected.reason)
        nothing = gateway.post("/ask", {"question": " "}).json()
        assert (nothing["hand_over"], nothing["reason"]) == (True, "empty_question")
        assert gateway.get("/health").json()["models"].keys() == {"support"}
        assert gateway.get("/users/u/recommendations").status_code == 404
