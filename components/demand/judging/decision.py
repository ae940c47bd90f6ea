"""The gate's decision on a model of demand: less is better, and a comparison counts on evidence only."""

from collections.abc import Mapping, Sequence

import numpy as np

from components.demand.judging.options import DemandGateOptions
from components.gate.better_baselines import better_baselines
from components.gate.decision import Decision
from components.gate.judgement import Differences, Judgement, Metrics
from trainer.demand.series import Floats

Errors = Mapping[str, Floats]
# What a metric adds up of each series, and divides by.
_PARTS = {"wape": "absolute", "pinball_90": "upper"}


def ratio_differences(own: Errors, others: Mapping[str, Errors], resamples: int, seed: int) -> dict[str, Differences]:
    """Returns mean, low and high of the model's metrics less each other system's, over the same resampled series.

    Args:
        own: `components.demand.judging.measures.series_errors` of the model.
        others: Of the other systems, over the same series.
        resamples: How many.
        seed: Of the resampling.
    """
    random = np.random.default_rng(seed)
    number = len(own["units"])
    found: dict[str, Differences] = {name: {} for name in others}
    if not number or not own["units"].sum():
        return found
    weights = random.multinomial(number, np.full(number, 1.0 / number), size=resamples)
    units = np.maximum(weights @ own["units"], 1e-9)
    for name, errors in others.items():
        for metric, part in _PARTS.items():
            less = own[part] - errors[part]
            low, high = np.quantile((weights @ less) / units, (0.025, 0.975))
            mean = less.sum() / own["units"].sum()
            found[name][metric] = {"mean": float(mean), "low": float(low), "high": float(high)}
    return found


def decide_demand(judgement: Judgement, options: DemandGateOptions, more: Sequence[str] = ()) -> Decision:
    """Applies the rules that `DemandGateOptions` describes.

    Args:
        judgement: The numbers.
        options: The rules.
        more: Notes that are there already.
    """
    refused, notes = [], list(more)
    metrics, series = judgement.metrics, judgement.users["test"]
    if metrics["wape"] is None:
        refused.append("There is nothing to judge the model by: nothing was sold in the test weeks.")
        return Decision(False, refused, notes)
    for metric, most in options.thresholds.items():
        value = metrics[metric]
        if value is not None and value > most:
            refused.append(f"{metric} is {value:.4f}; it should be at most {most:g}.")
    for metric, margin in options.baseline_margins.items():
        best = min(
            (name for name in options.baselines if judgement.baselines.get(name, {}).get(metric) is not None),
            key=lambda name: judgement.baselines[name][metric] or 0.0,
            default=None,
        )
        if best is not None:
            own, other = metrics[metric], judgement.baselines[best][metric]
            difference = judgement.differences[best].get(metric)
            _compare(metric, own, f"the baseline {best}", other, difference, margin, series, options, refused, notes)
    if judgement.last_blessed is not None:
        difference = (judgement.last_blessed_differences or {}).get("wape")
        other = judgement.last_blessed["wape"]
        margin = options.last_blessed_margin
        _compare(
            "wape",
            metrics["wape"],
            "the last blessed model",
            other,
            difference,
            margin,
            series,
            options,
            refused,
            notes,
        )
    said = [metric for metric in options.baseline_margins if any(each.startswith(f"{metric} is") for each in refused)]
    notes += better_baselines(judgement, options.min_series, lambda _: series, said=said, less_is_better=True)
    least, most = options.coverage_90
    below = metrics["below_90"]
    if below is not None and not least <= below <= most:
        text = f"{below:.1%} of the weeks are up to the 0.9 quantile; it should be {least:.0%} to {most:.0%}"
        if series >= options.min_series:
            refused.append(f"{text}.")
        else:
            notes.append(f"{text}, but of {series} series that is no evidence.")
    return Decision(not refused, refused, notes)


def _compare(
    metric: str,
    value: float | None,
    other: str,
    other_value: float | None,
    difference: Metrics | None,
    margin: float,
    series: int,
    options: DemandGateOptions,
    refused: list[str],
    notes: list[str],
) -> None:
    if value is None or other_value is None or value <= other_value * (1.0 + margin):
        return
    low = (difference or {}).get("low")
    excess = (
        f"{metric} is {value:.4f} over {series} series; it should be at most {other_value * (1.0 + margin):.4f}, "
        f"{1.0 + margin:.0%} of that of {other}"
    )
    if series < options.min_series:
        notes.append(f"{excess}, but {options.min_series} series are needed to count against a model.")
    elif low is None or low > 0.0 or difference is None:
        refused.append(f"{excess}.")
    else:
        notes.append(f"{excess}, but the 95% interval of the difference reaches down to {low:+.4f}.")
