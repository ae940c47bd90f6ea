"""RecommendationEvaluator against brute force, over a served model whose answers are known."""

import hashlib
import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.components.pusher.executor import Executor as PusherExecutor
from tfx.types import standard_artifacts

import components.recommendation.judging.judge_users
from components.artifacts import Catalogue, RankingEvaluation
from components.gate.test_sample import is_sampled
from components.recommendation.judging.ablation import TOWERS, comparison_path, write_ablations
from components.recommendation.judging.baselines import BASELINES
from components.recommendation.judging.evaluator import RecommendationEvaluatorExecutor
from components.recommendation.judging.gate_options import RecommendationGateOptions
from components.recommendation.judging.summary import UserSummary
from tests.components.recommendation.judging.ranking_data import (
    CheckerboardComparison,
    CheckerboardModel,
    checkerboard_lists,
    product_ids,
    random_catalogue,
    random_users,
    write_shop,
)
from tests.components.recommendation.judging.test_baselines import brute_force
from tests.components.tables.table_runs import beam_context
from tests.trainer.metrics.test_lists import plain_list_metrics
from trainer.recommendation.ranker.trained_ranker import WITHOUT_TOWERS

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


def evaluate(
    shop,
    out: Path,
    options: RecommendationGateOptions,
    last_blessed: str = "",
    thresholds: str = "",
    earlier: tuple[str, str] = ("", ""),
):
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
    executor = RecommendationEvaluatorExecutor(beam_context(out))
    executor.Do(
        {name: [artifacts[name]] for name in ("examples", "model", "catalogue")},
        {name: [artifacts[name]] for name in ("evaluation", "blessing")},
        {
            "options_json": options.model_dump_json(),
            "thresholds": thresholds,
            "last_blessed": last_blessed,
            "earlier_examples": earlier[0],
            "earlier_catalogue": earlier[1],
            "source_digest": "any",
        },
    )
    return json.loads((out / "evaluation" / "evaluation.json").read_text()), artifacts["blessing"]


def expected_metrics(cases: list[tuple[list[int], set[int]]], prefix: str, k: int, catalogue) -> dict[str, float]:
    """Means of the metrics over (list, targets) pairs, worked out one by one."""
    popularity = catalogue["popularity"].to_pylist()
    kinds = [name or f"alone {number}" for number, name in enumerate(catalogue["category"].to_pylist())]
    values: dict[str, list[float]] = {}
    for listed, wanted in cases:
        places = [place for place, product in enumerate(listed[:k], start=1) if product in wanted]
        ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
        found = {
            "recall": len(places) / len(wanted),
            "ndcg": sum(1 / math.log2(place + 1) for place in places) / ideal,
            "mrr": 1 / places[0] if places else 0.0,
            **plain_list_metrics(listed[:k], sorted(wanted), kinds, popularity),
        }
        for metric, value in found.items():
            values.setdefault(metric, []).append(value)
    shown = {product for listed, _ in cases for product in listed[:k]}
    means = {metric: sum(column) / len(cases) for metric, column in values.items()}
    means["coverage"] = len(shown) / PRODUCTS
    return {
        f"{prefix}{metric}_at_{k}": value for metric, value in (means | {"coverage": len(shown) / PRODUCTS}).items()
    }


def expected_of(ranking, users, ks, catalogue) -> dict[str, float]:
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
        for name, value in expected_metrics(pairs, prefix, k, catalogue).items()
    }


def test_of_very_many_users_a_sample_is_judged_and_that_is_told(shop, tmp_path):
    _, _, examples_uri, users, _ = shop
    options = RecommendationGateOptions(k=(10,), max_users=30)
    report, _ = evaluate(shop, tmp_path, options)
    files = sorted(str(file) for file in Path(examples_uri, "Split-test").iterdir())
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    chosen = sum(is_sampled(record, "user_id", 30 / len(users)) for record in records)
    assert 15 < chosen < 45
    assert report["sampled"] == {"users": chosen, "of": len(users)}
    assert report["examples"]["test"] == chosen
    assert any(note.startswith(f"{chosen} of {len(users)} test users were asked about") for note in report["notes"])


def test_evaluation_equals_brute_force(shop, tmp_path):
    _, _, _, users, catalogue = shop
    assert max(len(user.history) for user in users) > HISTORY_LENGTH
    assert min(len(user.history) for user in users) == 0
    options = RecommendationGateOptions(k=(10, 3))
    report, _ = evaluate(shop, tmp_path, options)

    def model(user, novel):
        return checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel)

    assert report["metrics"]["test"] == pytest.approx(expected_of(model, users, (10, 3), catalogue))
    for name in BASELINES:

        def baseline(user, novel, name=name):
            return brute_force(name, user, catalogue, PRODUCTS, novel=novel)

        expected = expected_of(baseline, users, (10, 3), catalogue)
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
    mixed = written.take(np.random.default_rng(0).permutation(len(written)))
    assert UserSummary(mixed, PRODUCTS, options).metrics("model") == report["metrics"]["test"]
    assert UserSummary(mixed, PRODUCTS, options).differences("model", BASELINES) == report["differences"]
    assert UserSummary(mixed, PRODUCTS, options).slices("model", BASELINES) == report["slices"]


def headline(ranking, users, catalogue) -> dict[str, float]:
    """Recall, ndcg and mrr at 10 over some users."""
    found = expected_metrics([(ranking(user, False), set(user.targets)) for user in users], "", 10, catalogue)
    return {name: found[name] for name in ("recall_at_10", "ndcg_at_10", "mrr_at_10")}


def test_slices_equal_brute_force(shop, tmp_path):
    _, _, _, users, catalogue = shop
    report, _ = evaluate(shop, tmp_path, RecommendationGateOptions(min_slice_users=10))

    def model(user, novel):
        return checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel)

    expected = {
        "segment_old": [user for user in users if user.attributes and user.history],
        "history_0": [user for user in users if not user.history],
        "history_1": [user for user in users if len(user.history) == 1],
        "history_2_5": [user for user in users if 2 <= len(user.history) <= 5],
        "history_6_20": [user for user in users if 6 <= len(user.history) <= 20],
    }
    assert set(report["slices"]) == set(expected)
    for name, alike in expected.items():
        found = report["slices"][name]
        assert found["users"] == len(alike)
        assert found["metrics"] == pytest.approx(headline(model, alike, catalogue))
        for baseline in BASELINES:

            def counted(user, novel, baseline=baseline):
                return brute_force(baseline, user, catalogue, PRODUCTS, novel=novel)

            others = headline(counted, alike, catalogue)
            assert set(found["differences"][baseline]) == set(others)
            for metric, interval in found["differences"][baseline].items():
                assert interval["mean"] == pytest.approx(found["metrics"][metric] - others[metric])
                assert interval["low"] <= interval["mean"] <= interval["high"]


def test_the_cold_start_equals_brute_force_over_the_first_users_by_hash(shop, tmp_path, monkeypatch):
    _, _, _, users, catalogue = shop
    monkeypatch.setattr(components.recommendation.judging.judge_users, "COLD_START_USERS", 30)
    report, _ = evaluate(shop, tmp_path, RecommendationGateOptions())
    ids = {f"user {number % 2} {number // 2}": user for number, user in enumerate(users)}
    chosen = sorted(ids, key=lambda user_id: hashlib.sha256(user_id.encode()).digest())[:30]

    for name, events in {"0": 0, "1": 1, "3": 3, "6": 6, "all": 100}.items():
        asked = [ids[user_id] for user_id in chosen if len(ids[user_id].history) >= (1 if name == "all" else events)]
        shown = [replace(user, history=user.history[max(0, len(user.history) - events) :]) for user in asked]
        rankings = {
            "model": lambda user, novel: checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel),
            "popularity": lambda user, novel: brute_force("popularity", user, catalogue, PRODUCTS, novel=novel),
        }
        found = report["cold_start"][name]
        assert found["users"] == len(asked) > 0
        for system, values in (("model", found), ("popularity", found["popularity"])):
            expected = headline(rankings[system], shown, catalogue)
            bought = [{product for product, event_type, _ in user.history if event_type == 1} for user in shown]
            new = [
                [product for product in rankings[system](user, True) if product not in had][:10]
                for user, had in zip(shown, bought, strict=True)
            ]
            wanted = [set(user.targets) - had for user, had in zip(shown, bought, strict=True)]
            cases = [(listed, targets) for listed, targets in zip(new, wanted, strict=True) if targets]
            expected["novel_ndcg_at_10"] = expected_metrics(cases, "", 10, catalogue)["ndcg_at_10"]
            for metric in ("ndcg_at_10", "recall_at_10", "novel_ndcg_at_10"):
                assert values[metric] == pytest.approx(expected[metric])
            if system == "model":
                assert values["distinct_products"] == len({product for listed in new for product in listed})
                pairs = [len({*one} & {*other}) for one, other in itertools.combinations(new, 2)]
                assert values["shared_products"] == pytest.approx(np.mean(pairs))


def test_parts_of_the_model_are_judged_beside_it(shop, tmp_path):
    _, catalogue_uri, examples_uri, users, catalogue = shop
    ids, model_uri = product_ids(PRODUCTS), tmp_path / "model"
    CheckerboardModel(ids, HISTORY_LENGTH).save(model_uri / "Format-Serving")
    parts = {
        TOWERS: CheckerboardModel(ids, HISTORY_LENGTH, reverse=True),
        WITHOUT_TOWERS: CheckerboardModel(ids, HISTORY_LENGTH),
    }
    CheckerboardComparison(parts).save(Path(comparison_path(str(model_uri))))
    write_ablations(str(model_uri), parts)
    report, _ = evaluate(
        (tmp_path, catalogue_uri, examples_uri, users, catalogue), tmp_path, RecommendationGateOptions()
    )
    assert set(report["ablation"]) == {TOWERS, WITHOUT_TOWERS}
    assert report["ablation"][WITHOUT_TOWERS]["metrics"] == report["metrics"]["test"]

    def reversed_model(user, novel):
        return checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel)[::-1]

    towers = report["ablation"][TOWERS]
    assert towers["metrics"] == pytest.approx(expected_of(reversed_model, users, (5, 10, 20), catalogue))
    for metric, interval in towers["differences"].items():
        assert interval["mean"] == pytest.approx(report["metrics"]["test"][metric] - towers["metrics"][metric])


def test_a_blessed_model_passes_the_pusher(shop, tmp_path):
    report, blessing = evaluate(shop, tmp_path, RecommendationGateOptions(thresholds={"recall_at_10": 0.01}))
    assert report["blessed"]
    assert report["refused_because"] == []
    assert (Path(blessing.uri) / "BLESSED").exists()
    assert PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def test_a_refused_model_is_stopped_by_the_pusher(shop, tmp_path):
    report, blessing = evaluate(shop, tmp_path, RecommendationGateOptions(), thresholds='{"recall_at_10": 0.99}')
    recall = report["metrics"]["test"]["recall_at_10"]
    assert not report["blessed"]
    assert report["refused_because"] == [f"recall_at_10 is {recall:.4f}; it should be at least 0.9900."]
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert not PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def test_the_last_blessed_model_is_judged_on_the_same_users(shop, tmp_path):
    folder, _, _, users, catalogue = shop
    report, _ = evaluate(shop, tmp_path, RecommendationGateOptions(), last_blessed=str(folder / "reversed"))

    def reversed_model(user, novel):
        return checkerboard_lists(user, PRODUCTS, HISTORY_LENGTH, novel=novel)[::-1]

    last = report["last_blessed"]
    assert last["path"] == str(folder / "reversed")
    assert last["metrics"] == pytest.approx(expected_of(reversed_model, users, (5, 10, 20), catalogue))
    name = "ndcg_at_10"
    assert last["differences"][name]["mean"] == pytest.approx(report["metrics"]["test"][name] - last["metrics"][name])


def test_a_last_blessed_model_that_cannot_be_loaded_is_reported(shop, tmp_path):
    report, _ = evaluate(shop, tmp_path, RecommendationGateOptions(), last_blessed=str(tmp_path / "gone"))
    assert set(report["last_blessed"]) == {"path", "error"}
    assert "gone" in report["last_blessed"]["error"]
    assert report["blessed"]


def test_no_test_user_refuses_and_gives_no_numbers(shop, tmp_path):
    folder, catalogue_uri, _, _, catalogue = shop
    (tmp_path / "empty").mkdir()
    _, examples_uri = write_shop(tmp_path / "empty", catalogue, [])
    report, _ = evaluate((folder, catalogue_uri, examples_uri, [], catalogue), tmp_path, RecommendationGateOptions())
    assert not report["blessed"]
    assert "no user" in report["refused_because"][0]
    assert set(report["metrics"]["test"].values()) == {None}
    assert report["users"] == {"test": 0, "novel": 0, "cold": 0}
    assert report["slices"] == {}
    nothing = dict.fromkeys(["ndcg_at_10", "recall_at_10", "novel_ndcg_at_10"])
    lists = {"distinct_products": 0, "shared_products": None}
    assert report["cold_start"] == {
        events: {"users": 0, **nothing, **lists, "popularity": nothing} for events in ("0", "1", "3", "6", "all")
    }


def test_an_update_is_judged_by_the_last_test_users_too(shop, tmp_path):
    folder, catalogue_uri, examples_uri, _, _ = shop
    options = RecommendationGateOptions(k=(10,), baseline_margins={}, last_blessed_margin=0.0)
    # The model that serves is the better one here: what is judged has forgotten.
    better = str(folder / "reversed")
    report, blessing = evaluate(shop, tmp_path, options, better, earlier=(examples_uri, catalogue_uri))
    earlier = report["earlier_test"]
    # The catalogue and the users are the same, so the figures must be.
    assert earlier["metrics"] == pytest.approx(report["metrics"]["test"])
    assert earlier["last_blessed"] == pytest.approx(report["last_blessed"]["metrics"])
    worse = earlier["metrics"]["ndcg_at_10"] < earlier["last_blessed"]["ndcg_at_10"]
    certain = earlier["differences"]["ndcg_at_10"]["high"] < 0
    refused = any("users of the earlier test period" in reason for reason in report["refused_because"])
    assert refused == (worse and certain)
    assert bool(blessing.get_int_custom_property("blessed")) == report["blessed"] == (not report["refused_because"])
