"""Planted gaps are found and refuse a model; fair shops have none."""

import numpy as np
import pyarrow as pa

from components.classification.judging.gate_options import ClassificationGateOptions
from components.gate.judgement import MODEL
from components.gate.slice_gaps import SliceGap, gap_details, gap_notes, gap_refusals
from components.labels.judged_labels import LABEL, judged_schema, probabilities_column
from components.labels.label_summary import LabelSummary
from trainer.metrics.gaps import mean_gap

_GROUPS, _LABELS = 5, 3


def judged_shop(seed: int, *, shortfall: float = 0.0, rows: int = 1500) -> LabelSummary:
    """Test texts of five groups, four in five of them right; of the first group so many fewer."""
    random = np.random.default_rng(seed)
    group, true = random.integers(_GROUPS, size=rows), random.integers(_LABELS, size=rows)
    right = random.random(rows) < np.where(group == 0, 0.8 - shortfall, 0.8)
    found = np.where(right, true, (true + 1) % _LABELS)
    columns = {
        LABEL: true,
        "group": group.astype(str),
        probabilities_column(MODEL): list(np.eye(_LABELS, dtype=np.float32)[found]),
    }
    options = ClassificationGateOptions()
    return LabelSummary(pa.table(columns, judged_schema([MODEL], ["group"])), ["a", "b", "c"], ["group"], options)


def found_gaps(summary: LabelSummary) -> set[str]:
    said = gap_details(summary.gaps(MODEL))["group"]
    # Where one group is served worse, the others are served better than all but them, by right.
    return {
        name
        for name, metrics in said.items()
        if any(each["difference"] < 0.0 and each["beyond_chance"] for each in metrics.values())
    }


def test_in_twenty_fair_shops_no_gap_is_found() -> None:
    for seed in range(20):
        summary = judged_shop(seed)
        said = gap_details(summary.gaps(MODEL))["group"]
        assert not any(each["beyond_chance"] for metrics in said.values() for each in metrics.values())
        assert not gap_refusals(summary.gaps(MODEL), {"accuracy": 0.0})


def test_a_shortfall_of_fifteen_points_in_three_hundred_texts_is_found_nine_times_in_ten() -> None:
    found = [found_gaps(judged_shop(seed, shortfall=0.15)) for seed in range(40)]
    assert sum("group=0" in each for each in found) >= 36
    assert not any(each - {"group=0"} for each in found)


def users_gaps(seed: int, shortfall: float) -> list[SliceGap]:
    """Gaps between five groups of 300 users whose NDCG is 0.3 on average; of the first group so much less."""
    random = np.random.default_rng(seed)
    values = [random.beta(0.6, 1.4, 300) - (shortfall if group == 0 else 0.0) for group in range(_GROUPS)]
    return [
        SliceGap(
            "age", str(group), "ndcg_at_10", 300, mean_gap(own, np.concatenate(values[:group] + values[group + 1 :]))
        )
        for group, own in enumerate(values)
    ]


def test_eight_points_less_for_three_hundred_users_are_found_nine_times_in_ten() -> None:
    fair = [gap_details(users_gaps(seed, 0.0))["age"] for seed in range(20)]
    assert not any(each["ndcg_at_10"]["beyond_chance"] for said in fair for each in said.values())
    unfair = [gap_details(users_gaps(seed, 0.08))["age"]["0"]["ndcg_at_10"] for seed in range(40)]
    assert sum(each["beyond_chance"] for each in unfair) >= 36


def test_a_gap_refuses_where_it_is_larger_than_it_may_be() -> None:
    gaps = judged_shop(1, shortfall=0.3).gaps(MODEL)
    (refusal,) = gap_refusals(gaps, {"accuracy": 0.1})
    assert refusal.startswith("accuracy of the slice group=0 is 0.")
    assert "`gate.max_gap` allows 0.1000" in refusal
    assert not gap_refusals(gaps, {"accuracy": 0.4})
    assert not gap_refusals(gaps, {})


def test_a_gap_that_is_not_defined_is_said_to_be_none() -> None:
    true = np.repeat([0, 1, 0], [100, 100, 100])
    columns = {
        LABEL: true,
        "group": ["a"] * 200 + ["b"] * 100,
        probabilities_column(MODEL): list(np.eye(2, dtype=np.float32)[true]),
    }
    options = ClassificationGateOptions()
    summary = LabelSummary(pa.table(columns, judged_schema([MODEL], ["group"])), ["x", "y"], ["group"], options)
    said = gap_details(summary.gaps(MODEL))["group"]["group=b"]
    assert said["f1_macro"] == {"difference": None}
    assert not said["accuracy"]["beyond_chance"]
    assert len(gap_notes(summary.gaps(MODEL), {"f1_macro": 0.1})) == 2


def test_small_slices_are_not_tested() -> None:
    assert not judged_shop(0, rows=60).gaps(MODEL)
