"""A shop of products and judged queries: from files to answers on a terminal."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from components.search.perturbations import EVALUATION_PERTURBATIONS
from serving.client import Shelfwise
from tests.components.search.trained_search import judgements, products
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tfx_pipeline.cli import app
from tfx_pipeline.tasks.products import TEXT_VECTORS, TRANSFORM
from tfx_pipeline.tasks.search import NODES

SEARCH = {
    "queries": {"eval_fraction": 0.2, "test_fraction": 0.4},
    "training": {"max_epochs": 1, "batch_size": 16},
    "gate": {"min_slice_queries": 3},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder with tables and configuration, and a first run under `root`."""
    folder = tmp_path_factory.mktemp("shop")
    pd.DataFrame(products()).to_csv(folder / "products.csv", index=False)
    pd.DataFrame(judgements()).to_json(folder / "judgements.jsonl", orient="records", lines=True, force_ascii=False)
    config = write_config(
        folder,
        tables={"products": "products.csv", "judgements": "judgements.jsonl"},
        text={"backbone": str(tiny_bert), "fields": ["title"]},
        tasks={"search": SEARCH},
    )
    summary, ran = run_quietly(config, folder / "root")
    assert {TEXT_VECTORS, *NODES} <= ran
    assert TRANSFORM not in ran
    assert summary == read_summary(folder / "root")
    return folder


def test_the_summary_tells_what_happened(shop: Path) -> None:
    summary = read_summary(shop / "root")
    task = summary["tasks"]["search"]
    assert task["blessed"], task["refused_because"]
    assert Path(task["pushed"], "saved_model.pb").exists()
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "search"
    assert set(task["baselines"]) == {"lexical", "dense"}
    names = {f"{metric}_at_{k}" for metric in ("recall", "ndcg", "mrr") for k in (10, 100)}
    for metrics in (task["metrics"]["test"], *task["baselines"].values()):
        assert set(metrics) == names
        assert all(0.0 <= value <= 1.0 for value in metrics.values())
    assert {"asked", "case"} <= set(task["slices"]) <= {"asked", *EVALUATION_PERTURBATIONS}
    assert task["queries"] == task["slices"]["asked"]["queries"] == task["examples"]["test"]
    assert task["index"]["recall"] == 1.0
    assert task["index"]["distinct_texts"] == task["counts"]["distinct_texts"] < task["counts"]["products"] == 64
    assert task["counts"]["judgements"] == len(judgements())
    assert task["model_bytes"] > 1000
    assert summary["quarantine"] == {"products": {}, "judgements": {}}


def test_nothing_runs_again_on_the_same_inputs(shop: Path) -> None:
    before = read_summary(shop / "root")["tasks"]
    summary, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()
    assert summary["tasks"] == before


def test_a_client_gets_answers_and_a_terminal_gets_clusters(shop: Path) -> None:
    rows = {row["product_id"]: row for row in products()}
    with served(shop / "root") as address:
        with Shelfwise(address) as client:
            found = client.search("red tea", k=5)
            assert len({answer.product_id for answer in found}) == 5
            assert all(rows[answer.product_id]["title"] == answer.title for answer in found)
            assert all(answer.cluster_label for answer in found)
            everything = client.search("red tea", k=1_000)
            assert {answer.product_id for answer in everything} == set(rows)
            filtered = client.search(
                "red tea",
                k=1_000,
                category="Food > 牛奶",
                max_price=1.0,
                in_stock_only=True,
                exclude_ids=["red/\n牛奶 1"],
            )
            assert {answer.product_id for answer in filtered} == {"green/\n牛奶 1", "small/\n牛奶 1"}
            assert client.search("\U0001f600") == []
        arguments = ["search", "red tea", "--k", "3", "--address", address]
        table = CliRunner().invoke(app, arguments)
        assert table.exit_code == 0, table.output
        assert found[0].cluster_label in table.output
        assert found[0].title in table.output
        listed = json.loads(CliRunner().invoke(app, [*arguments, "--json", "--explain"]).output)
        assert [row["product_id"] for row in listed] == [answer.product_id for answer in found[:3]]
        assert [word["word"] for word in listed[0]["words"]] == ["red", "tea"]


def test_a_threshold_refuses_without_another_training(shop: Path) -> None:
    pushed = read_summary(shop / "root")["tasks"]["search"]["pushed"]
    summary, ran = run_quietly(shop / "shop.yaml", shop / "root", "tasks.search.gate.thresholds={ndcg_at_10: 2}")
    task = summary["tasks"]["search"]
    assert ran == {NODES.evaluator, NODES.pusher}
    assert task["compared_with"] == pushed
    assert task["pushed"] is None
    assert any("ndcg_at_10" in reason for reason in task["refused_because"])
    assert Path(pushed).exists()
