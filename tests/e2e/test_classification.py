"""Labelled texts: from a file to answers on a terminal."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from typer.testing import CliRunner

from components.errors import InputError
from serving.client import Shelfwise
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import CLASSIFICATION_NODES
from tests.tfx_pipeline.gateway.running import running_gateway
from tests.trainer.classification.tiny_classifier import LABELS, WORDS, made_texts
from tfx_pipeline.commands.cli import app
from tfx_pipeline.commands.demo_asking import show_answers
from tfx_pipeline.config.config import load_config
from tfx_pipeline.summary.run_artifacts import latest_artifact

CLASSIFICATION = {
    "split": {"eval_fraction": 0.2, "test_fraction": 0.2},
    "sequence_length": 16,
    "head": {"dropout": 0.0},
    "training": {"max_epochs": 4, "patience": 4, "batch_size": 16, "learning_rate": 1e-2},
    "gate": {"min_slice_texts": 10, "thresholds": {"f1_macro": 0.8}, "slice_thresholds": {"shop=a": {"accuracy": 0.5}}},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder with a table and a configuration, and a first run under `root`."""
    folder = tmp_path_factory.mktemp("shop")
    made = made_texts(400, 1)
    labels = [LABELS[place] for place in made.labels]
    shops = np.where(np.arange(len(made)) % 2 == 0, "a", "b")
    pd.DataFrame({"text": made.texts, "label": labels, "shop": shops}).to_json(
        folder / "texts.jsonl", orient="records", lines=True, force_ascii=False
    )
    config = write_config(
        folder,
        tables={"texts": "texts.jsonl"},
        text={"backbone": str(tiny_bert)},
        features={"texts": {"categorical": ["shop"]}},
        tasks={"classification": CLASSIFICATION},
    )
    summary, ran = run_quietly(config, folder / "root")
    assert set(CLASSIFICATION_NODES) <= ran
    assert summary == read_summary(folder / "root")
    return folder


def test_the_summary_tells_what_happened(shop: Path) -> None:
    summary = read_summary(shop / "root")
    task = summary["tasks"]["classification"]
    assert task["blessed"], task["refused_because"]
    assert Path(task["pushed"], "saved_model.pb").exists()
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "classification"
    assert set(task["baselines"]) == {"tfidf"}
    assert task["metrics"]["test"]["f1_macro"] > 0.8
    # One word tells the label, so words are all that it takes.
    assert task["baselines"]["tfidf"]["f1_macro"] > 0.95
    assert set(task["by_label"]) == set(LABELS)
    assert {"shop=a", "shop=b", "text_length=short", "language=latin"} == set(task["slices"])
    assert set(task["slice_gaps"]) == {"shop"}
    assert task["texts"] == task["examples"]["test"] == sum(map(sum, task["confusion"]["counts"]))
    assert task["counts"]["labels"] == 3
    assert summary["quarantine"] == {"texts": {}}
    report = (shop / "root" / "report.html").read_text(encoding="utf-8")
    assert "f1_macro by slice" in report
    assert "shop=a" in report


def test_tfma_opens_what_it_found(shop: Path) -> None:
    task = read_summary(shop / "root")["tasks"]["classification"]
    folder = str(latest_artifact(shop / "root", "ClassificationEvaluator", "evaluation") / "tfma")
    result = tfma.load_eval_result(folder)
    assert {"=".join(each[0]) for each in result.get_slice_names() if each} == set(task["slices"])
    found = result.get_metrics_for_slice((("shop", "a"),))["f1_macro"]["doubleValue"]
    assert found == pytest.approx(task["slices"]["shop=a"]["metrics"]["f1_macro"])
    assert tfma.load_validation_result(folder).validation_ok


def test_texts_are_suggested_that_nobody_has_labelled(shop: Path) -> None:
    pool = shop / "pool.jsonl"
    known = pd.read_json(shop / "texts.jsonl", lines=True)["text"].tolist()
    made = [text for text in made_texts(60, 9).texts if text not in known]
    pd.DataFrame({"text": [*made, *known[:5], " "]}).to_json(pool, orient="records", lines=True)
    out = shop / "to_label.csv"
    arguments = ["suggest", "--root", str(shop / "root"), "--n", "8", "--texts", str(pool), "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out, keep_default_na=False)
    assert list(table.columns) == ["text", "label", "guess", "probability"]
    assert len(table) == table["text"].nunique() == 8
    assert set(table["text"]) <= set(made)
    assert set(table["label"]) == {""}
    assert set(table["guess"]) <= set(LABELS)
    refused = CliRunner().invoke(app, ["suggest", "--root", str(shop / "nowhere")])
    assert isinstance(refused.exception, InputError)
    assert "no classifier was trained here" in str(refused.exception)
    none = CliRunner().invoke(app, ["suggest", "--root", str(shop / "root")])
    assert "no text of the table `unlabelled_texts`" in str(none.exception)


def test_nothing_runs_again_on_the_same_inputs(shop: Path) -> None:
    before = read_summary(shop / "root")["tasks"]
    summary, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()
    assert summary["tasks"] == before


def test_a_client_gets_labels_and_a_terminal_gets_reasons(shop: Path) -> None:
    with served(shop / "root") as address:
        with Shelfwise(address) as client:
            for label, word in WORDS.items():
                answer = client.classify(f"red {word} big")
                assert answer[0].label == label
                assert sum(each.probability for each in answer) == pytest.approx(1.0, abs=1e-4)
            assert len(client.classify("x" * 100_000)) == len(client.classify("")) == len(LABELS)
        arguments = ["classify", "red milk big", "--address", address]
        table = CliRunner().invoke(app, [*arguments, "--explain"])
        assert table.exit_code == 0, table.output
        assert re.search(r"^\+[0-9.]+ +milk", table.output, re.MULTILINE)
        listed = json.loads(CliRunner().invoke(app, [*arguments, "--json", "--explain"]).output)
        assert listed["labels"][0]["label"] == next(iter(WORDS))
        assert {each["token"] for each in listed["reasons"]} == {"red", "milk", "big"}
        missing = CliRunner().invoke(app, [*arguments, "--model", "nobody"])
        assert missing.exit_code != 0


def test_models_that_the_demo_has_asked_are_not_loaded_for_it_again(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shop / "root"
    config = load_config(shop / "shop.yaml")
    pushed = {"classification": read_summary(root)["tasks"]["classification"]["pushed"]}
    show_answers(config, root, pushed)
    _, _, first = capsys.readouterr().out.partition("server at ")
    answers = first.partition("\n")[2]
    assert 'review "It broke after a week' in answers
    monkeypatch.setattr("serving.server.background.server_process", None)
    show_answers(config, root, pushed)
    assert capsys.readouterr().out == f"\nthe models are those of the run before, which were asked then:\n{answers}"
    # Models of another version are asked.
    with pytest.raises(TypeError):
        show_answers(config, root, {"classification": f"{pushed['classification']}0"})


def test_the_gateway_gives_the_labels_of_the_client(shop: Path, tmp_path: Path) -> None:
    with (
        served(shop / "root") as address,
        running_gateway(tmp_path, address) as gateway,
        Shelfwise(address) as client,
    ):
        for text in ("red milk big", "", "牛奶 \N{TANGERINE}"):
            answer = gateway.post("/classify", {"text": text})
            assert answer.status_code == 200, answer.text
            found = [(each["label"], each["probability"]) for each in answer.json()["labels"]]
            assert found == [(each.label, pytest.approx(each.probability, abs=1e-6)) for each in client.classify(text)]
        assert gateway.post("/classify", {"text": "x" * 10_001}).status_code == 422


def test_thresholds_refuse_without_another_training(shop: Path) -> None:
    pushed = read_summary(shop / "root")["tasks"]["classification"]["pushed"]
    served_before = sorted(path.name for path in Path(pushed).parent.iterdir())
    summary, ran = run_quietly(
        shop / "shop.yaml",
        shop / "root",
        "tasks.classification.gate.thresholds={auc: 2}",
        "tasks.classification.gate.slice_thresholds={shop=b: {accuracy: 2}, shop=c: {accuracy: 0}}",
    )
    task = summary["tasks"]["classification"]
    assert ran == {"ClassificationEvaluator", "ClassificationPusher"}
    assert task["compared_with"] == pushed
    assert not task["blessed"]
    assert task["pushed"] is None
    assert sorted(path.name for path in Path(pushed).parent.iterdir()) == served_before
    assert len(task["refused_because"]) == 3
    assert any("shop=b" in reason for reason in task["refused_because"])
    assert "The slice shop=c has no test texts; what has a threshold must be tested." in task["refused_because"]
    assert task["notes"] == []


@pytest.mark.long
@pytest.mark.parametrize("backbone", ["scratch", None])
def test_a_shop_can_learn_its_own_language_first(shop: Path, tmp_path: Path, backbone: str | None) -> None:
    summary, ran = run_quietly(
        shop / "shop.yaml",
        tmp_path / "root",
        f"tasks.classification.backbone={backbone or 'null'}",
        "tasks.classification.pretrain_steps=20",
        "tasks.classification.augmentation={min_label_texts: 1000, rewritten: 0.2}",
        "tasks.classification.pretraining="
        "{vocabulary_size: 150, layers: 1, heads: 2, dimensions: 16, min_texts: 100, learning_rate: 1.0e-2}",
    )
    assert "ClassificationPretrainer" in ran
    task = summary["tasks"]["classification"]
    assert task["blessed"], task["refused_because"]
    pretrained = latest_artifact(tmp_path / "root", "ClassificationPretrainer", "model")
    loss = json.loads((pretrained / "pretraining.json").read_text())["eval_loss"]
    assert loss["after"] < loss["before"]
    trained = latest_artifact(tmp_path / "root", "ClassificationTrainer", "model")
    assert json.loads((trained / "training.json").read_text())["examples"]["augmented"] > 0
    # The tokenizer's tables, so the vocabulary, are part of what is served.
    with served(tmp_path / "root") as address, Shelfwise(address) as client:
        for label, word in WORDS.items():
            assert client.classify(f"red {word} big")[0].label == label
