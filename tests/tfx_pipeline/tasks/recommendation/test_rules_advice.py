"""What is advised of rules in the ranker: right where they are useless, and found where they help."""

from typing import Any

import numpy as np
import pytest

from tests.tfx_pipeline.running.test_summary_table import summary
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.recommendation.outcome import rules_in_ranker
from trainer.metrics.bootstrap import bootstrap_intervals

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
