"""The gate's decisions."""

import numpy as np
import pyarrow as pa
import pytest

from components.classification.judging.gate_options import ClassificationGateOptions
from components.gate.better_baselines import better_baselines
from components.gate.decision import decide
from components.gate.judgement import JudgedBy, Judgement
from components.gate.paired_differences import paired_differences
from components.recommendation.judging.gate_options import RecommendationGateOptions
from trainer.metrics.bootstrap import bootstrap_intervals


def judgement(value=0.1, popularity=0.1, personal=0.1, high=-0.001, users=500, last=None, metric="novel_ndcg_at_10"):
    """Numbers in which one metric matters."""
    interval = {"mean": value - popularity, "low": -0.2, "high": high}
    return Judgement(
        metrics={metric: value, "ndcg_at_10": value},
        baselines={"popularity": {metric: popularity}, "personal_frequency": {metric: personal}},
        differences={"popularity": {metric: interval}, "personal_frequency": {metric: interval}},
        users={"test": users, "novel": users, "cold": 0},
        judged_by=JudgedBy("user", "users", "no user has an event in the test period"),
        last_blessed=None if last is None else {"ndcg_at_10": last},
        last_blessed_differences=None if last is None else {"ndcg_at_10": interval},
    )


def test_within_the_margin_is_blessed():
    assert decide(judgement(value=0.096, popularity=0.1), RecommendationGateOptions()).blessed


def test_beyond_the_margin_is_refused_with_the_numbers():
    decision = decide(judgement(value=0.09, popularity=0.1), RecommendationGateOptions())
    assert not decision.blessed
    assert decision.refused_because == [
        "novel_ndcg_at_10 is 0.0900 over 500 users; it should be at least 0.0950, "
        "as the baseline popularity has 0.1000."
    ]


def test_the_best_of_the_named_baselines_counts():
    numbers = judgement(value=0.1, popularity=0.1, personal=0.2)
    assert decide(numbers, RecommendationGateOptions()).blessed
    decision = decide(numbers, RecommendationGateOptions(baselines=("popularity", "personal_frequency")))
    assert "the baseline personal_frequency has 0.2000" in decision.refused_because[0]
    assert decide(numbers, RecommendationGateOptions(baselines=())).blessed


def test_a_shortfall_that_may_be_chance_is_a_note():
    decision = decide(judgement(value=0.05, high=0.01), RecommendationGateOptions())
    assert decision.blessed
    assert "may be chance" in decision.notes[0]


@pytest.mark.parametrize(("users", "min_users"), [(19, 20), (99, 100)])
def test_too_few_users_are_a_note(users, min_users):
    decision = decide(judgement(value=0.05, users=users), RecommendationGateOptions(min_users=min_users))
    assert decision.blessed
    assert f"under {min_users} users" in decision.notes[0]


def test_a_model_far_below_its_baseline_is_refused_over_80_texts():
    """Of 80 texts the baseline gets 33 right and the model 10, of which the baseline has 8."""
    model = np.zeros(80)
    baseline = np.zeros(80)
    model[:10] = 1.0
    baseline[2:35] = 1.0
    table = pa.table({"model.accuracy": model, "tfidf.accuracy": baseline})
    differences = paired_differences(table, "model", ["tfidf"], ["accuracy"], seed=0, resamples=1000)
    numbers = Judgement(
        metrics={"accuracy": model.mean()},
        baselines={"tfidf": {"accuracy": baseline.mean()}},
        differences=differences,
        users={"test": 80},
        judged_by=JudgedBy(one="text", many="texts", none="there is no test text"),
    )
    decision = decide(numbers, ClassificationGateOptions(baseline_margins={"accuracy": 0.02}))
    assert decision.refused_because == [
        "accuracy is 0.1250 over 80 texts; it should be at least 0.4042, as the baseline tfidf has 0.4125."
    ]


def test_from_as_many_users_as_the_default_asks_for_a_model_that_is_no_worse_is_rarely_refused():
    """Pairs of equal systems: an interval of 95% should lie below zero for 2.5% of them, and not for many more."""
    random = np.random.default_rng(0)
    draws = random.normal(size=(400, RecommendationGateOptions().min_users))
    below = sum(bootstrap_intervals(each[:, np.newaxis], seed=0)[0].high < 0.0 for each in draws)
    assert below / len(draws) < 0.06


def test_a_metric_without_users_is_a_note_in_comparisons_and_a_reason_in_thresholds():
    numbers = judgement()._replace(
        metrics={"novel_ndcg_at_10": None},
        baselines={"popularity": {"novel_ndcg_at_10": None}},
        differences={"popularity": {}},
    )
    decision = decide(numbers, RecommendationGateOptions())
    assert decision.blessed
    assert "no user has what it measures" in decision.notes[0]
    decision = decide(numbers, RecommendationGateOptions(thresholds={"novel_ndcg_at_10": 0.1}))
    assert "no user has what it measures" in decision.refused_because[0]


def test_the_last_blessed_model_is_compared():
    options = RecommendationGateOptions(baseline_margins={}, last_blessed_margin=0.1)
    assert decide(judgement(value=0.1, last=0.11), options).blessed
    decision = decide(judgement(value=0.1, last=0.2), options)
    assert decision.refused_because == [
        "ndcg_at_10 is 0.1000 over 500 users; it should be at least 0.1800, as the last blessed model has 0.2000."
    ]


def test_reasons_add_up():
    options = RecommendationGateOptions(thresholds={"ndcg_at_10": 0.5})
    assert len(decide(judgement(value=0.05, last=0.2), options).refused_because) == 3


# The difference is -0.004. With 0.0039 to each side its p-value is 0.044, and twice as much for two baselines together.
@pytest.mark.parametrize(
    ("side", "users", "noted"), [(0.003, 500, True), (0.0039, 500, False), (0.0045, 500, False), (0.003, 19, False)]
)
def test_a_baseline_that_is_better_by_less_than_the_margin_is_a_note(side, users, noted):
    interval = {"novel_ndcg_at_10": {"mean": -0.004, "low": -0.004 - side, "high": -0.004 + side}}
    numbers = judgement(value=0.096, popularity=0.1, personal=0.1, users=users)
    decision = decide(numbers._replace(differences=dict.fromkeys(numbers.baselines, interval)), RELAXED)
    assert decision.blessed
    expected = [
        f"The baseline {name} is better than the model, and not by chance: novel_ndcg_at_10 0.1000 against 0.0960 "
        f"(95% interval of the difference {-0.004 - side:+.4f} to {-0.004 + side:+.4f})."
        for name in numbers.baselines
    ]
    assert [note for note in decision.notes if "is better than" in note] == (expected if noted else [])


def test_of_many_equal_baselines_none_is_called_better_by_chance():
    """Twenty baselines that are as good as the model, in ten shops: at 95% each, some of them would be."""
    random = np.random.default_rng(0)
    named = 0
    for _ in range(10):
        values = {f"b{place}.accuracy": random.normal(size=400) for place in range(20)}
        table = pa.table({"model.accuracy": random.normal(size=400), **values})
        names = [f"b{place}" for place in range(20)]
        numbers = Judgement(
            metrics={"accuracy": 0.0},
            baselines={name: {"accuracy": 0.0} for name in names},
            differences=paired_differences(table, "model", names, ["accuracy"], seed=0, resamples=1000),
            users={"test": 400},
            judged_by=JudgedBy(one="text", many="texts", none="there is no test text"),
        )
        named += bool(better_baselines(numbers, 30, lambda _: 400))
    assert named <= 1


RELAXED = RecommendationGateOptions(min_users=20)
