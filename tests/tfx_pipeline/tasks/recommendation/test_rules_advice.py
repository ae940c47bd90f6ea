"""What is advised of rules in the ranker: right where they are useless, and found where they help."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from serving.recommendation.ranking_features import RULE_FEATURES, TOWER_FEATURES
from tests.tfx_pipeline.running.test_summary_table import summary
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.recommendation.outcome import rules_in_ranker
from trainer.metrics.bootstrap import bootstrap_intervals
from trainer.metrics.ranking import ndcg_at_k
from trainer.recommendation.options import RankerOptions
from trainer.recommendation.ranker.examples import RankerExamples
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.recommendation.ranker.scorer_training import train_scorer

_USERS, _SEED_SPREAD = 2000, 0.004
_METRICS = ("ndcg_at_10", "novel_ndcg_at_10")


def of_shop(seed: int, gain: float, trainings: int, *, kept_out: bool = False) -> TaskSummary:
    """The summary of a made-up shop whose rules gain so much, trained so often; a seed does its own to all users."""
    random = np.random.default_rng(seed)
    other = "ranker_with_rules" if kept_out else "ranker_without_rules"
    own_gain, other_gain = (0.0, gain) if kept_out else (gain, 0.0)
    users = random.gamma(1.0, 0.2, size=(_USERS, len(_METRICS)))

    def training(of_rules: float) -> np.ndarray:
        luck = random.normal(0.0, _SEED_SPREAD, len(_METRICS))
        return users + of_rules + luck + random.normal(0.0, 0.05, users.shape)

    model = training(own_gain)
    systems = {other: training(other_gain)}
    for number in range(1, trainings):
        systems |= {f"ranker_again_{number}": training(own_gain), f"{other}_again_{number}": training(other_gain)}
    return told(model, systems)


def told(model: np.ndarray, systems: dict[str, np.ndarray]) -> TaskSummary:
    """The summary of a model and others, each `(users, metrics)`."""
    made: dict[str, Any] = summary(list(systems))["tasks"]["recommendation"]
    for name, values in systems.items():
        intervals = bootstrap_intervals(model - values, seed=0, resamples=200)
        made["ablation"][name]["differences"] = {
            metric: each._asdict() for metric, each in zip(_METRICS, intervals, strict=True)
        }
    return TaskSummary.model_validate(made)


@pytest.mark.parametrize("kept_out", [False, True])
def test_useless_rules_are_never_said_to_help_or_harm(kept_out: bool) -> None:
    naive = 0
    for seed in range(20):
        made = of_shop(seed, 0.0, trainings=2, kept_out=kept_out)
        lines = rules_in_ranker(made)
        assert lines[-1] == "What rules do to this ranker is no more than chance, over users and trainings."
        found = next(iter(made.ablation.values())).differences.values()
        naive += any(each.low > 0.0 or each.high < 0.0 for each in found)
    # By the intervals over users alone most of those shops would have been told something.
    assert naive > 10


def baskets(seed: int) -> RankerExamples:
    """Baskets of three candidates that are liked best, as far as features tell; what rules say is chance."""
    random = np.random.default_rng(seed)
    names = ("age", "liking", *RULE_FEATURES, *TOWER_FEATURES)
    features = random.normal(size=(300, 15, len(names))).astype(np.float16)
    liking = features[..., 1] + features[..., -1] + random.normal(size=features.shape[:2])
    return RankerExamples(
        names=names,
        features=features,
        relevant=liking >= np.sort(liking, axis=1)[:, -3, np.newaxis],
        valid=np.ones(liking.shape, bool),
        novel=random.random(liking.shape) < 0.5,
        user=np.arange(len(liking)),
    )


def judged(scorer: RankerScorer, examples: RankerExamples) -> np.ndarray:
    """NDCG@10 of each basket, among all candidates and among the novel ones."""
    scores = np.asarray(scorer(examples.features.astype(np.float32)))
    found = []
    for among in (examples.valid, examples.novel):
        order = np.argsort(-np.where(among, scores, -np.inf), axis=1, kind="stable")
        hits = np.take_along_axis(examples.relevant & among, order, axis=1)
        # The few baskets without any novel target say nothing of either way.
        found.append(np.nan_to_num(ndcg_at_k(hits, hits.sum(axis=1), 10)))
    return np.stack(found, axis=1)


@pytest.mark.long
def test_useless_rules_of_rankers_that_were_trained_are_said_to_do_nothing_twenty_times_in_twenty(
    tmp_path: Path,
) -> None:
    options = RankerOptions(units=8, max_epochs=6, learning_rate=0.02, batch_size=20)
    for seed in range(20):
        learned, validated, tested = (baskets(3 * seed + part) for part in range(3))
        systems = {}
        for number in range(2):
            for name, left_out in (("ranker", ()), ("ranker_without_rules", RULE_FEATURES)):
                keras.utils.set_random_seed(2 * seed + number)
                scorer = RankerScorer(units=options.units, features=learned.without(left_out).names)
                train_scorer(
                    scorer,
                    learned.without(left_out),
                    validated.without(left_out),
                    options,
                    str(tmp_path / f"{seed}-{number}-{name}"),
                    seed=2 * seed + number,
                )
                again = f"_again_{number}" if number else ""
                systems[name + again] = judged(scorer, tested.without(left_out))
        lines = rules_in_ranker(told(systems.pop("ranker"), systems))
        assert lines[-1] == "What rules do to this ranker is no more than chance, over users and trainings."


@pytest.mark.parametrize(("kept_out", "advice"), [(False, "they stay in it"), (True, "ranker.rules: true`")])
def test_rules_that_help_are_found(kept_out: bool, advice: str) -> None:
    said = [rules_in_ranker(of_shop(seed, 0.05, trainings=3, kept_out=kept_out))[-1] for seed in range(10)]
    assert sum(line.startswith("Rules help this ranker") and advice in line for line in said) >= 9


def test_rules_that_harm_are_to_go() -> None:
    assert "ranker.rules: false` keeps them out" in rules_in_ranker(of_shop(1, -0.06, trainings=3))[-1]


def test_one_training_of_each_gives_no_advice() -> None:
    lines = rules_in_ranker(of_shop(3, 0.05, trainings=1))
    assert lines[-1].startswith("Each was trained once")
    assert len(lines) == 3
