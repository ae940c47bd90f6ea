"""A user's own tables, from files to answers; and what a second run does and does not do again."""

import functools
import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf
from typer.testing import CliRunner

import components.source_digest as source_digests
import tfx_pipeline.tasks.recommendation.nodes as recommendation_task
from serving.client import Shelfwise
from tests.e2e.shop import ODD_PRODUCTS, node_properties, read_summary, run_quietly, served, write_config, write_tables
from tfx_pipeline.commands.cli import app
from tfx_pipeline.shop.products import TEXT_VECTORS, TRANSFORM
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.tasks.recommendation.rules_command import read_rules
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.recommendation.judged_users import load_judged_users

PROJECT = Path(source_digests.__file__).parent.parent
AFTER_TRAINER = {
    "RecommendationTrainer",
    "RecommendationRanker",
    "RecommendationIndex",
    "RecommendationEvaluator",
    "RecommendationServingValidator",
    "RecommendationPusher",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder with tables and configuration, and a first run under `root`."""
    folder = tmp_path_factory.mktemp("shop")
    write_tables(folder)
    summary, ran = run_quietly(write_config(folder, text={"backbone": str(tiny_bert)}), folder / "root")
    assert {TEXT_VECTORS, "RecommendationTrainer"} <= ran
    assert summary == read_summary(folder / "root")
    return folder


@pytest.fixture(scope="module")
def address(shop: Path) -> Iterator[str]:
    """A server of what the first run pushed."""
    with served(shop / "root") as found:
        yield found


def test_the_summary_tells_what_happened(shop: Path) -> None:
    summary = read_summary(shop / "root")
    task = summary["tasks"]["recommendation"]
    assert summary["version"] == 1
    assert task["blessed"]
    assert not task["refused_because"]
    assert Path(task["pushed"], "saved_model.pb").exists()
    assert 'base_path: "/models/recommendation"' in (shop / "root" / "serving" / "models.config").read_text()
    assert set(task["baselines"]) == {"popularity", "personal_frequency", "decayed_personal_frequency"}
    assert task["examples"]["train"] > 0
    assert task["examples"]["test"] > 0
    assert task["model_bytes"] > 1000
    mined = task["rules"]
    assert set(mined["levels"]) == {"product", "category"}
    assert mined["levels"]["product"]["baskets"] > 0
    assert mined["levels"]["product"]["rules"] > 0
    assert mined["events"]["oversized_baskets"] == 0
    assert summary["seconds"]["RecommendationTrainer"] > 0.0
    assert summary["total_seconds"] > 0.0
    assert summary["peak_rss_bytes"] > 2**28


def test_a_client_gets_what_was_judged(shop: Path, address: str) -> None:
    """NDCG@10 and recall@10 over again: asks a server what the test users are to have next."""
    root = shop / "root"
    examples, catalogue_uri = (
        str(latest_artifact(root, "RecommendationExamples", name)) for name in ("examples", "catalogue")
    )
    ids = load_catalogue(catalogue_uri)["product_id"].to_pylist()
    event_types = load_catalogue_facts(catalogue_uri)["event_types"]
    users = load_judged_users(examples, "test")
    ndcg, recall = [], []
    with Shelfwise(address) as client:
        for row in range(len(users)):
            history = users.history(row)
            answers = client.recommend(
                [ids[product] for product in users.history_index[history]],
                [event_types[number] for number in users.history_type[history]],
                [float(age) for age in users.query_time[row] - users.history_time[history]],
            )
            wanted = {ids[product] for product in users.targets(row)}
            ranks = [place for place, answer in enumerate(answers, 1) if answer.product_id in wanted]
            best = sum(1 / math.log2(place + 1) for place in range(1, min(10, len(wanted)) + 1))
            ndcg.append(sum(1 / math.log2(place + 1) for place in ranks) / best)
            recall.append(len(ranks) / len(wanted))
    metrics = read_summary(root)["tasks"]["recommendation"]["metrics"]["test"]
    assert len(users) >= 20
    assert 0.0 < metrics["ndcg_at_10"] < 1.0
    assert metrics["ndcg_at_10"] == pytest.approx(sum(ndcg) / len(ndcg), abs=1e-3)
    assert metrics["recall_at_10"] == pytest.approx(sum(recall) / len(recall), abs=1e-3)


def test_tensorboard_finds_the_training(shop: Path) -> None:
    scalars: set[str] = set()
    for events in (shop / "root" / "tensorboard").rglob("events.out.tfevents*"):
        for event in tf.compat.v1.train.summary_iterator(str(events)):
            scalars |= {value.tag for value in event.summary.value}
    assert any("loss" in tag for tag in scalars)
    assert any("learning_rate" in tag for tag in scalars)
    assert any("ndcg" in tag for tag in scalars)


def test_a_client_gets_answers(shop: Path, address: str) -> None:
    events = shop / "events.jsonl"
    first = json.loads(events.read_text(encoding="utf-8").splitlines()[0])
    with Shelfwise(address) as client:
        answers = client.recommend([first["product_id"]], k=5)
        assert len({answer.product_id for answer in answers}) == 5
        assert all(answer.title for answer in answers)
    arguments = ["recommend", "--user", str(first["user_id"]), "--events", str(events), "--address", address]
    table = CliRunner().invoke(app, arguments)
    assert table.exit_code == 0, table.output
    assert "title" in table.output
    listed = CliRunner().invoke(app, ["similar", first["product_id"], "--k", "3", "--json", "--address", address])
    assert len(json.loads(listed.output)) == 3
    strongest = read_rules(shop / "root", "product").to_pylist()[0]
    arguments = ["together", *strongest["antecedent"], "--json", "--address", address]
    together = json.loads(CliRunner().invoke(app, arguments).output)
    # Among the rules of the antecedent's parts none is stronger than the strongest of all.
    assert together[0]["lift"] == pytest.approx(strongest["lift"])
    assert strongest["consequent"] in {row["product_id"] for row in together}


def test_odd_ids_and_titles_come_back_as_they_are(address: str) -> None:
    with Shelfwise(address) as client:
        everything = {answer.product_id: answer.title for answer in client.recommend([], k=1_000)}
        for product_id, title in ODD_PRODUCTS.items():
            assert everything[product_id] == title
            assert product_id not in {answer.product_id for answer in client.similar(product_id, k=5)}
            assert client.embed([product_id]).any()


def test_nothing_runs_again_on_the_same_inputs(shop: Path) -> None:
    pushed = read_summary(shop / "root")["tasks"]["recommendation"]["pushed"]
    for table in ("products.csv", "events.jsonl"):
        os.utime(shop / table)  # A new time on the same content is no change.
    summary, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()
    assert summary["tasks"]["recommendation"]["pushed"] == pushed


@pytest.mark.parametrize(
    ("override", "node"),
    [
        # tests/e2e/test_classification.py has a model refused by a threshold.
        ("gate.thresholds={ndcg_at_10: 2}", "RecommendationEvaluator"),
        ("training.learning_rate=0.0005", "RecommendationTrainer"),
    ],
)
def test_an_option_is_a_new_property_of_its_node_alone(shop: Path, override: str, node: str) -> None:
    before = node_properties(shop / "shop.yaml")
    after = node_properties(shop / "shop.yaml", f"tasks.recommendation.{override}")
    assert {each for each in after if after[each] != before[each]} == {node}


def test_other_events_are_a_new_property_of_their_example_gen_alone(shop: Path) -> None:
    """What hangs on a changed property runs again, which is TFX's part; seen with changed events at the end."""
    before = node_properties(shop / "shop.yaml")
    after = node_properties(shop / "shop.yaml", digests={"events": "other"})
    assert {node for node in after if after[node] != before[node]} == {"EventsExampleGen"}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        # The training alone has a loss; the towers are run again for the ranker's examples and the index.
        ("log_sum_exp.py", {"RecommendationTrainer"}),
        ("user_tower.py", {"RecommendationTrainer", "RecommendationRanker", "RecommendationIndex"}),
    ],
)
def test_an_edited_function_of_the_trainer_is_a_new_property_of_the_nodes_that_run_it(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, expected: set[str]
) -> None:
    before = node_properties(shop / "shop.yaml")
    for package in source_digests.PROJECT_PACKAGES:
        shutil.copytree(PROJECT / package, tmp_path / package)
    source = tmp_path / "trainer" / "recommendation" / "towers" / file
    source.write_text(source.read_text() + "\n\ndef added() -> int:\n    return 1\n")
    edited = functools.partial(source_digests.source_digest, root=tmp_path)
    monkeypatch.setattr(recommendation_task, "source_digest", edited)
    after = node_properties(shop / "shop.yaml")
    changed = {node for node in after if after[node] != before[node]}
    assert changed == expected


@pytest.mark.long
def test_changed_events_leave_the_products_alone(shop: Path) -> None:
    events = shop / "events.jsonl"
    lines = events.read_text(encoding="utf-8").splitlines(keepends=True)
    events.write_text("".join(lines[:-3]), encoding="utf-8")
    # Without the ranker, which takes as long as everything else.
    summary, ran = run_quietly(shop / "shop.yaml", shop / "root", "tasks.recommendation.ranker=off")
    assert {"EventsExampleGen", "RecommendationExamples", *AFTER_TRAINER} <= ran | {"RecommendationRanker"}
    assert not ran & {"ProductsExampleGen", "ProductsStatisticsGen", TEXT_VECTORS, TRANSFORM}
    assert summary["tasks"]["recommendation"]["compared_with"]
