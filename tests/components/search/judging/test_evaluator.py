"""SearchEvaluator against brute force, over a trained and served model; and what its gate refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from tfx.components.pusher.executor import Executor as PusherExecutor
from tfx.types import Artifact, standard_artifacts

from components.artifacts import RankingEvaluation
from components.search.examples.perturbations import EVALUATION_PERTURBATIONS
from components.search.judging.evaluator import SearchEvaluatorExecutor
from components.search.judging.gate_options import SearchGateOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.search.examples.examples_runs import Query
from tests.components.search.judging.constant_search import ConstantSearch
from tests.components.search.judging.plain_ranking import PlainSearch, means, metrics, rankings
from tests.components.search.trained_search import TrainedSearch
from tests.components.tables.table_runs import beam_context

KS = (10, 3)
OPTIONS = SearchGateOptions(k=KS, min_slice_queries=3)
SIDES = ("dense", "lexical")


def evaluate(
    trained: TrainedSearch, out: Path, options: SearchGateOptions, last_blessed: str = "", thresholds: str = ""
) -> tuple[dict[str, Any], Artifact]:
    """Runs the real executor; returns evaluation.json and the blessing."""
    evaluation = artifact(RankingEvaluation, out / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, out / "blessing")
    inputs = {
        "examples": [trained.examples.artifacts["examples"]],
        "model": [trained.index],
        "catalogue": [trained.examples.artifacts["catalogue"]],
    }
    properties = {
        "options_json": options.model_dump_json(),
        "thresholds": thresholds,
        "last_blessed": last_blessed,
        "source_digest": "any",
    }
    SearchEvaluatorExecutor(beam_context(out)).Do(
        inputs, {"evaluation": [evaluation], "blessing": [blessing]}, properties
    )
    return json.loads((out / "evaluation" / "evaluation.json").read_text()), blessing


@pytest.fixture(scope="module")
def judged(trained: TrainedSearch, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Artifact, Path]:
    """The evaluation of the trained model, with itself as the last blessed one."""
    out = tmp_path_factory.mktemp("judged")
    report, blessing = evaluate(trained, out, OPTIONS, last_blessed=f"{trained.index.uri}/Format-Serving")
    return report, blessing, out


@pytest.fixture(scope="module")
def lists(trained: TrainedSearch) -> dict[str, dict[str, list[str]]]:
    """What each system answers to each test query: the served model as it is asked, its sides by brute force."""
    queries = sorted({query.query for query in trained.examples.queries["test"]})
    plain = PlainSearch(trained, queries)
    found: dict[str, dict[str, list[str]]] = {"model": {}, "dense": {}, "lexical": {}}
    for query, answer in zip(queries, rankings(trained, queries, max(KS)), strict=True):
        found["model"][query] = [product_id.decode() for product_id in answer["product_ids"] if product_id]
        # Where nobody knows a word of a query there is no answer.
        found["dense"][query] = plain.ranked(plain.cosines(query)) if found["model"][query] else []
        found["lexical"][query] = plain.ranked(plain.shares(query)) if found["model"][query] else []
    return found


def expected(
    trained: TrainedSearch, ranked: dict[str, list[str]], ks: tuple[int, ...], slice_name: str = ""
) -> dict[str, float]:
    """Means of the metrics over the headline queries, or over those of a slice."""
    rows = []
    for query in relevant_queries(trained):
        if query.slice == slice_name or (not slice_name and query.headline):
            wanted = {product for product, relevance in query.relevance.items() if relevance >= 0.5}
            rows.append({name: value for k in ks for name, value in metrics(ranked[query.query], wanted, k).items()})
    return means(rows)


def relevant_queries(trained: TrainedSearch) -> list[Query]:
    """The test queries that have an answer at all."""
    return [query for query in trained.examples.queries["test"] if max(query.relevance.values()) >= 0.5]


def test_the_evaluation_equals_brute_force(
    trained: TrainedSearch, judged: tuple[dict[str, Any], Artifact, Path], lists: dict[str, dict[str, list[str]]]
) -> None:
    report, _, out = judged
    queries = relevant_queries(trained)
    assert report["queries"] == sum(query.headline for query in queries) > 20
    assert 0.0 < report["metrics"]["test"]["ndcg_at_10"] < 1.0
    assert report["metrics"]["test"] == pytest.approx(expected(trained, lists["model"], KS))
    assert set(report["baselines"]) == set(SIDES)
    for side in SIDES:
        # Of products whose scores are equal but for rounding, either may come first.
        assert report["baselines"][side] == pytest.approx(expected(trained, lists[side], KS), abs=0.02)
        for name, interval in report["differences"][side].items():
            difference = report["metrics"]["test"][name] - report["baselines"][side][name]
            assert interval["mean"] == pytest.approx(difference)
            assert interval["low"] - 1e-9 <= difference <= interval["high"] + 1e-9
    tables = [pq.read_table(file) for file in (out / "evaluation").glob("queries-*.parquet")]
    assert sum(map(len, tables)) == len(queries)
    assert not {"query", "text"} & set(tables[0].column_names)
    assert report["index"] == json.loads((Path(trained.index.uri) / "index.json").read_text())


def test_slices_equal_brute_force(
    trained: TrainedSearch, judged: tuple[dict[str, Any], Artifact, Path], lists: dict[str, dict[str, list[str]]]
) -> None:
    report, _, _ = judged
    names = [query.slice for query in relevant_queries(trained)]
    big_enough = {name for name in names if names.count(name) >= OPTIONS.min_slice_queries}
    assert {"asked", "case"} < big_enough <= {"asked", *EVALUATION_PERTURBATIONS}
    assert set(report["slices"]) == big_enough
    for name, found in report["slices"].items():
        assert found["queries"] == names.count(name)
        assert found["metrics"] == pytest.approx(expected(trained, lists["model"], (10,), name))
        for side in SIDES:
            assert found["baselines"][side] == pytest.approx(expected(trained, lists[side], (10,), name), abs=0.05)
            for metric, interval in found["differences"][side].items():
                assert interval["mean"] == pytest.approx(found["metrics"][metric] - found["baselines"][side][metric])


def test_a_model_like_the_last_blessed_one_passes_the_pusher(
    trained: TrainedSearch, judged: tuple[dict[str, Any], Artifact, Path]
) -> None:
    report, blessing, _ = judged
    last = report["last_blessed"]
    assert last["path"] == f"{trained.index.uri}/Format-Serving"
    assert last["metrics"] == report["metrics"]["test"]
    assert all(set(interval.values()) == {0.0} for interval in last["differences"].values())
    assert report["blessed"]
    assert report["refused_because"] == []
    assert (Path(blessing.uri) / "BLESSED").exists()
    assert PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


@pytest.fixture(scope="module")
def worse(trained: TrainedSearch, tmp_path_factory: pytest.TempPathFactory) -> TrainedSearch:
    """A model that answers every query with the same products, and whose index finds half of what it should."""
    index = artifact(standard_artifacts.Model, tmp_path_factory.mktemp("worse") / "index")
    shutil.copytree(trained.index.uri, index.uri)
    shutil.rmtree(Path(index.uri) / "Format-Serving")
    ConstantSearch([row["product_id"] for row in trained.examples.catalogue]).save(Path(index.uri) / "Format-Serving")
    file = Path(index.uri) / "index.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"recall": 0.5}))
    return trained._replace(index=index)


def test_worse_than_the_last_blessed_model_on_evidence_and_with_a_poor_index(
    trained: TrainedSearch, worse: TrainedSearch, tmp_path: Path
) -> None:
    options = OPTIONS.model_copy(update={"min_users": 10, "min_index_recall": 0.75})
    report, _ = evaluate(worse, tmp_path, options, last_blessed=f"{trained.index.uri}/Format-Serving")
    assert not report["blessed"]
    beaten, last, recall = report["refused_because"]
    value = report["metrics"]["test"]["ndcg_at_10"]
    best = max(SIDES, key=lambda side: report["baselines"][side]["ndcg_at_10"])
    assert beaten.startswith(f"ndcg_at_10 is {value:.4f} over {report['queries']} queries; it should be at least ")
    assert beaten.endswith(f"as the baseline {best} has {report['baselines'][best]['ndcg_at_10']:.4f}.")
    assert last.endswith(f"as the last blessed model has {report['last_blessed']['metrics']['ndcg_at_10']:.4f}.")
    assert recall.startswith("The index finds 0.5000 of the ten nearest products; it should find 0.7500.")
    assert "tasks.search.serving.index_recall" in recall


def test_worse_on_too_few_queries_is_no_reason_to_refuse_but_a_threshold_is(
    worse: TrainedSearch, tmp_path: Path
) -> None:
    options = OPTIONS.model_copy(update={"min_users": 10_000, "min_index_recall": 0.5})
    gone = str(tmp_path / "gone")
    report, blessing = evaluate(worse, tmp_path, options, last_blessed=gone, thresholds='{"recall_at_3": 0.9}')
    recall = report["metrics"]["test"]["recall_at_3"]
    assert not report["blessed"]
    assert report["refused_because"] == [f"recall_at_3 is {recall:.4f}; it should be at least 0.9000."]
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert not PusherExecutor().CheckBlessing({"model_blessing": [blessing]})
    (note,) = report["notes"]
    assert note.endswith("; with under 10000 queries that is no reason to refuse.")
    assert set(report["last_blessed"]) == {"path", "error"}
    assert report["last_blessed"]["path"] == gone
    assert "gone" in report["last_blessed"]["error"]


@pytest.mark.long
def test_a_last_blessed_model_that_cannot_be_asked_is_left_out(
    trained: TrainedSearch, judged: tuple[dict[str, Any], Artifact, Path], tmp_path: Path
) -> None:
    ConstantSearch(["a"]).save_without_filters(tmp_path / "older")
    report, _ = evaluate(trained, tmp_path, OPTIONS, last_blessed=str(tmp_path / "older"))
    assert set(report["last_blessed"]) == {"path", "error"}
    assert report["blessed"]
    assert report["metrics"] == judged[0]["metrics"]


@pytest.mark.parametrize("name", ["coverage_at_10", "novel_ndcg_at_10", "cold_recall_at_10"])
def test_metrics_that_search_has_not_are_refused_where_they_are_written(name: str) -> None:
    for values in ({"thresholds": {name: 0.1}}, {"baseline_margins": {name: 0.1}}, {"last_blessed_metric": name}):
        with pytest.raises(ValidationError, match=f"`{name}` is not a metric of search"):
            SearchGateOptions(**values)


def test_options_survive_json() -> None:
    assert SearchGateOptions.model_validate_json(OPTIONS.model_dump_json()) == OPTIONS
