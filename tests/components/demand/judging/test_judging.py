"""Measures, baselines, reconciliation and the gate, each against a second way."""

import numpy as np
import pytest

from components.demand.judging import baselines
from components.demand.judging.decision import decide_demand, ratio_differences
from components.demand.judging.measures import demand_metrics, series_errors, wrmsse
from components.demand.judging.options import DemandGateOptions
from components.demand.judging.reconciliation import min_trace
from components.gate.judgement import JudgedBy, Judgement
from trainer.demand.options import QUANTILES
from trainer.demand.series import DemandSeries


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_metrics_are_what_a_loop_says(random: np.random.Generator) -> None:
    found, true = np.sort(random.uniform(0, 9, (7, 4, 9)), -1), random.poisson(4, (7, 4)).astype(np.float32)
    true[2, 1] = np.nan
    absolute, upper, below, total, count = 0.0, 0.0, 0, 0.0, 0
    for row in range(7):
        for week in range(4):
            if not np.isnan(true[row, week]):
                y, q = float(true[row, week]), found[row, week]
                absolute += abs(y - q[4])
                upper += max(0.9 * (y - q[8]), -0.1 * (y - q[8]))
                below += y <= q[8]
                total, count = total + y, count + 1
    metrics = demand_metrics(found, true)
    assert metrics["wape"] == pytest.approx(absolute / total)
    assert metrics["pinball_90"] == pytest.approx(upper / count / (total / count))
    assert metrics["below_90"] == pytest.approx(below / count)
    errors = series_errors(found, true)
    assert errors["absolute"].sum() / errors["units"].sum() == pytest.approx(metrics["wape"])
    assert set(demand_metrics(found, np.zeros((7, 4))).values()) == {None}


def test_wrmsse_of_the_naive_forecast_of_a_straight_line_is_by_hand() -> None:
    past, true = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 5.0]]), np.array([[4.0], [7.0]])
    # Each step is 1 and 2, and so is each error of "as last week": scaled errors are 1.
    assert wrmsse(past[:, -1:], true, past, np.array([3.0, 1.0])) == pytest.approx(1.0)


def test_min_trace_is_the_projection_of_its_paper(random: np.random.Generator) -> None:
    group = np.array([0, 0, 1, 1, 1])
    bottom, top = random.uniform(20, 30, (5, 3)), random.uniform(30, 60, (2, 3))
    own, above = random.uniform(0.5, 2, 5), random.uniform(0.5, 2, 2)
    sums = np.vstack([(group == 0), (group == 1), np.eye(5)]).astype(float)
    inverse = np.diag(1 / np.concatenate([above, own]))
    mapped = np.linalg.solve(sums.T @ inverse @ sums, sums.T @ inverse) @ np.vstack([top, bottom])
    found = min_trace(bottom, top, group, own, above)
    np.testing.assert_allclose(found.bottom, mapped, rtol=1e-10)
    np.testing.assert_allclose(found.top, [mapped[:2].sum(0), mapped[2:].sum(0)], rtol=1e-10)
    loose = min_trace(bottom, top, np.array([-1, 0, 1, 1, 1]), own, above)
    np.testing.assert_array_equal(loose.bottom[0], bottom[0])


def test_rules_of_thumb_are_their_rules_and_no_baseline_crosses(random: np.random.Generator) -> None:
    units = random.poisson(5, (6, 40)).astype(np.float32)
    units[0] = 0
    units[1, :39] = np.nan
    found = {
        "last_week": baselines.last_week(units, 4),
        "median_of_8": baselines.median_of_8(units, 4),
        "tsb": baselines.statistical(units, 4, baselines.TSB),
        "auto_ets": baselines.statistical(units, 4, baselines.AUTO_ETS),
    }
    series = DemandSeries(np.arange(6), units, np.zeros((6, 44, 1), np.float32))
    boosting = baselines.GradientBoosting(series, 36, 4)
    found["gradient_boosting"] = boosting.quantiles(np.arange(6), np.full(6, 36))
    filled = np.nan_to_num(units)
    np.testing.assert_array_equal(found["last_week"][:, 2, 4], filled[:, -1])
    np.testing.assert_array_equal(found["median_of_8"][:, 0, 4], np.median(filled[:, -8:], 1))
    for name, answers in found.items():
        assert answers.shape == (6, 4, len(QUANTILES)), name
        assert np.isfinite(answers).all(), name
        assert (answers >= 0).all(), name
        assert (np.diff(answers, axis=-1) >= 0).all(), name


def test_the_gate_refuses_on_evidence_only(random: np.random.Generator) -> None:
    true = random.poisson(6, (60, 4)).astype(float)
    good, bad = (np.sort(true[..., None] + random.normal(0, size, (60, 4, 9)), -1).clip(0) for size in (0.5, 4.0))
    errors = {name: series_errors(found, true) for name, found in {"good": good, "bad": bad}.items()}
    differences = ratio_differences(errors["bad"], {"median_of_8": errors["good"]}, 200, 0)
    assert differences["median_of_8"]["wape"]["low"] > 0
    own, other = demand_metrics(bad, true), demand_metrics(good, true)
    judged_by = JudgedBy("series", "series", "none")
    options = DemandGateOptions(baselines=("median_of_8",), coverage_90=(0.0, 1.0))

    def decided(series: int, low: float) -> tuple[bool, int]:
        found = {"wape": {"mean": 0.1, "low": low, "high": 0.2}, "pinball_90": {"mean": 0.1, "low": low, "high": 0.2}}
        judgement = Judgement(own, {"median_of_8": other}, {"median_of_8": found}, {"test": series}, judged_by)
        decision = decide_demand(judgement, options)
        return decision.blessed, len(decision.notes)

    assert decided(60, 0.05) == (False, 0)
    assert decided(60, -0.05) == (True, 2)
    assert decided(5, 0.05) == (True, 2)
