"""What an evaluation says of a model and of the one that was blessed last, and the blessing beside it."""

from pathlib import Path
from typing import Any

import pytest
from tfx.components.pusher.executor import Executor as PusherExecutor
from tfx.types import Artifact, standard_artifacts

from components.artifacts import RankingEvaluation
from components.gate.decision import Decision
from components.gate.evaluation import read_evaluation, write_evaluation
from components.gate.judgement import JudgedBy, Judgement
from components.gate.last_blessed import LastBlessed
from tests.components.recommendation.trained_shop import artifact

INTERVAL = {"mean": 0.0, "low": -0.5, "high": None}
JUDGEMENT = Judgement(
    metrics={"ndcg_at_10": 0.25, "novel_ndcg_at_10": None},
    baselines={"popularity": {"ndcg_at_10": 0.25}},
    differences={"popularity": {"ndcg_at_10": INTERVAL}},
    users={"test": 3},
    judged_by=JudgedBy("user", "users", "there is none"),
    last_blessed={"ndcg_at_10": 0.5},
    last_blessed_differences={"ndcg_at_10": INTERVAL},
)


def written(folder: Path, decision: Decision, last_blessed: LastBlessed) -> tuple[dict[str, Any], Artifact]:
    """Writes an evaluation; returns its content and the blessing."""
    evaluation = artifact(RankingEvaluation, folder / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    outputs = {"evaluation": [evaluation], "blessing": [blessing]}
    model = artifact(standard_artifacts.Model, folder / "model")
    write_evaluation(outputs, model, JUDGEMENT, decision, last_blessed, {"slices": {"segment_牛奶": 1}})
    return read_evaluation(evaluation.uri), blessing


def test_it_says_what_was_judged_decided_and_found_beside_that(tmp_path: Path) -> None:
    content, blessing = written(tmp_path, Decision(True, [], ["A note."]), LastBlessed(""))
    assert content == {
        "metrics": {"test": {"ndcg_at_10": 0.25, "novel_ndcg_at_10": None}},
        "baselines": {"popularity": {"ndcg_at_10": 0.25}},
        "differences": {"popularity": {"ndcg_at_10": INTERVAL}},
        "blessed": True,
        "refused_because": [],
        "notes": ["A note."],
        "slices": {"segment_牛奶": 1},
    }
    assert PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def test_a_refused_model_is_stopped_by_the_pusher(tmp_path: Path) -> None:
    content, blessing = written(tmp_path, Decision(False, ["A reason."], []), LastBlessed("old"))
    assert (content["blessed"], content["refused_because"]) == (False, ["A reason."])
    assert content["last_blessed"] == {
        "path": "old",
        "metrics": {"ndcg_at_10": 0.5},
        "differences": {"ndcg_at_10": INTERVAL},
    }
    assert not PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def test_a_last_blessed_model_is_asked_where_there_is_one(tmp_path: Path) -> None:
    asked: list[str] = []
    assert LastBlessed.tried("", asked.append).models == {}
    assert LastBlessed.tried("old", asked.append).models == {"last_blessed": "old"}
    assert asked == ["old"]


def test_a_last_blessed_model_that_fails_is_left_out_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(path: str) -> None:
        raise KeyError(path)

    failed = LastBlessed.tried("old", ask)
    assert (failed.judged, failed.models) == (False, {})
    content, _ = written(tmp_path, Decision(True, [], []), failed)
    assert content["last_blessed"] == {"path": "old", "error": "KeyError: 'old'"}
    assert "The last blessed model in old is left out: KeyError: 'old'" in caplog.text
