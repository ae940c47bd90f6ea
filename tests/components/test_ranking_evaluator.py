"""RankingEvaluator against brute force, over a served model whose answers are known."""

import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tfx.components.pusher.executor import Executor as PusherExecutor
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.artifacts import Catalogue, RankingEvaluation
from components.baselines import BASELINES
from components.gate_options import GateOptions
from components.ranking_evaluator import RankingEvaluator, RankingEvaluatorExecutor
from tests.components.ranking_data import (
    CheckerboardModel,
    checkerboard_lists,
    product_ids,
    random_catalogue,
    random_users,
    write_shop,
)
from tests.components.table_runs import beam_context
from tests.components.test_baselines import brute_force

PRODUCTS, HISTORY_LENGTH = 40, 4


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Uris of a catalogue and examples, a served model, and the users."""
    folder = tmp_path_factory.mktemp("shop")
    users = random_users(90, PRODUCTS, seed=5)
    catalogue = random_catalogue(PRODUCTS, seed=6)
    catalogue_uri, examples_uri = write_shop(folder, catalogue, users)
    CheckerboardModel(product_ids(PRODUCTS), HISTORY_LENGTH).save(folder / "model" / "Format-Serving")
    CheckerboardModel(product_ids(PRODUCTS), HISTORY_LENGTH, reverse=True).save(folder / "reversed")
    return folder, catalogue_uri, examples_uri, users, catalogue


def evaluate(shop, out: Path, options: GateOptions, last_blessed: str = ""):
    """Runs the real executor; returns evaluation.json and the blessing artifact."""
    folder, catalogue_uri, examples_uri, _, _ = shop
    artifacts = {
        "examples": standard_artifacts.Examples(),
        "model": standard_artifacts.Model(),
        "catalogue": Catalogue(),
        "evaluation": RankingEvaluation(),
        "blessing": standard_artifacts.ModelBlessing(),
    }
    uris = [examples_uri, str(folder / "model"), catalogue_uri, str(out / "evaluation"), str(out / "blessing")]
    for artifact, uri in zip(artifacts.values(), uris, strict=True):
        artifact.uri = uri
    artifacts["examples"].split_names = '["train", "eval", "test"]'
    executor = RankingEvaluatorExecutor(beam_context(out))
    executor.Do(
        {name: [artifacts[name]] for name in ("examples", "model", "catalogue")},
        {name: [artifacts[name]] for name in ("evaluation", "blessing")},
        {"options_json": options.model_dump_json(), "last_blessed": last_blessed, "source_digest": "any"},
    )
    return json.loads((out / "evaluation" / "evaluation.json").read_text()), artifacts["blessing"]


def expected_metrics(cases: list[tuple[list[int], set[int]]], prefix: str, k: int) -> dict[str, float]:
    """Means of the metrics over (list, targets) pairs, worked out one by one."""
    recall, ndcg, mrr = [], [], []
    for listed, wanted in cases:
        places = [place for place, product in enumerate(listed[:k], start=1) if product in wanted]
        recall.append(len(places) / len(wanted))
        ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
        ndcg.append(sum(1 / math.log2(place + 1) for place in places) / ideal)
        mrr.append(1 / places[0] if places else 0.0)
    shown = {product for listed, _ in cases for product in listed[:k]}
    return {
        f"{prefix}recall_at_{k}": sum(recall) / len(cases),
        f"{prefix}ndcg_at_{k}": sum(ndcg) / len(cases),
        f"{prefix}mrr_at_{k}": sum(mrr) / len(cases),
        f"{prefix}coverage_at_{k}": len(shown) / PRODUCTS,
    }


def expected_of(ranking, users, ks) -> dict[str, float]:
    """All metrics of a system; `ranking(user, novel)` gives its whole list."""
    cases: dict[str, list] = {"": [], "novel_": [], "cold_": []}
    for user in users:
        bought = {product for product, event_type, _ in user.history if event_type == 1}
        overall = (ranking(user, False), set(user.targets))
        if user.history:
            cases[""].append(overall)
            if set(user.targets) - bought:
                listed = [product for product in ranking(user, True) if product not in bought]
                cases["novel_"].append((listed, set(user.targets) - bought))
        if len(user.history) <= 5:
            cases["cold_"].append(overall)
    return {
        name: value
        for prefix, pairs in cases.items()
        for k in ks
        for name, value in expected_metrics(pairs, prefix, k).items()
    }


def test_evaluation_equals_brute_force(shop, tmp_path):
    _, _, _, users, catalogue = shop
    assert max(len(user.history) for user in users) > HISTORY_LENGTH
    assert min(len(user.history) for user in users) == 0
    report, _ = evaluate(shop, tmp_path, GateOptions(k=(10, 3)))

    def model(user, novel):
        return checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel)

    assert report["metrics"]["test"] == pytest.approx(expected_of(model, users, (10, 3)))
    for name in BASELINES:

        def baseline(user, novel, name=name):
            return brute_force(name, user, catalogue, PRODUCTS, novel=novel)

        expected = expected_of(baseline, users, (10, 3))
        assert report["baselines"][name] == pytest.approx(expected)
        for metric, interval in report["differences"][name].items():
            difference = report["metrics"]["test"][metric] - expected[metric]
            assert interval["mean"] == pytest.approx(difference)
            assert interval["low"] <= difference <= interval["high"]
    with_history = [user for user in users if user.history]
    assert report["examples"] == {"test": 90}
    assert report["users"]["test"] == len(with_history)
    assert report["users"]["cold"] == sum(len(user.history) <= 5 for user in users)
    written = pq.read_table(next((tmp_path / "evaluation").glob("users-*.parquet")))
    assert len(written) == 90
    assert sum(dict(row).get("segment") == "old" for row in written["attributes"].to_pylist()) == 45
    assert not any("user_id" in name or name == "user" for name in written.column_names)


def test_a_blessed_model_passes_the_pusher(shop, tmp_path):
    report, blessing = evaluate(shop, tmp_path, GateOptions(thresholds={"recall_at_10": 0.01}))
    assert report["blessed"]
    assert report["refused_because"] == []
    assert (Path(blessing.uri) / "BLESSED").exists()
    assert PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def test_a_refused_model_is_stopped_by_the_pusher(shop, tmp_path):
    report, blessing = evaluate(shop, tmp_path, GateOptions(thresholds={"recall_at_10": 0.99}))
    recall = report["metrics"]["test"]["recall_at_10"]
    assert not report["blessed"]
    assert report["refused_because"] == [f"recall_at_10 is {recall:.4f}; it should be at least 0.9900."]
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert not PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def test_the_last_blessed_model_is_judged_on_the_same_users(shop, tmp_path):
    folder, _, _, users, _ = shop
    report, _ = evaluate(shop, tmp_path, GateOptions(), last_blessed=str(folder / "reversed"))

    def reversed_model(user, novel):
        return checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel)[::-1]

    last = report["last_blessed"]
    assert last["path"] == str(folder / "reversed")
    assert last["metrics"] == pytest.approx(expected_of(reversed_model, users, (10,)))
    name = "ndcg_at_10"
    assert last["differences"][name]["mean"] == pytest.approx(report["metrics"]["test"][name] - last["metrics"][name])


def test_a_last_blessed_model_that_cannot_be_loaded_is_reported(shop, tmp_path):
    report, _ = evaluate(shop, tmp_path, GateOptions(), last_blessed=str(tmp_path / "gone"))
    assert set(report["last_blessed"]) == {"path", "error"}
    assert "gone" in report["last_blessed"]["error"]
    assert report["blessed"]


def test_no_test_user_refuses_and_gives_no_numbers(shop, tmp_path):
    folder, catalogue_uri, _, _, catalogue = shop
    (tmp_path / "empty").mkdir()
    _, examples_uri = write_shop(tmp_path / "empty", catalogue, [])
    report, _ = evaluate((folder, catalogue_uri, examples_uri, [], catalogue), tmp_path, GateOptions())
    assert not report["blessed"]
    assert "no user" in report["refused_because"][0]
    assert set(report["metrics"]["test"].values()) == {None}
    assert report["users"] == {"test": 0, "novel": 0, "cold": 0}


def test_component_declares_its_channels():
    component = RankingEvaluator(
        examples=Channel(type=standard_artifacts.Examples),
        model=Channel(type=standard_artifacts.Model),
        catalogue=Channel(type=Catalogue),
        options=GateOptions(),
        last_blessed="",
        source_digest="digest",
    )
    assert component.outputs["evaluation"].type is RankingEvaluation
    assert component.outputs["blessing"].type is standard_artifacts.ModelBlessing
    assert component.exec_properties["source_digest"] == "digest"
