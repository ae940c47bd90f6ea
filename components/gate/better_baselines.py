"""Says where a baseline is better than the model, even where that is no reason to refuse it."""

from collections.abc import Callable, Collection

from components.gate.judgement import Differences, Judgement
from trainer.metrics.significance import holm, p_value_of_interval

_MOST_NAMED = 3
# How seldom chance alone names anything, among all baselines and metrics together.
_LEVEL = 0.05


def better_baselines(
    judgement: Judgement,
    min_users: int,
    users_of: Callable[[str], int],
    *,
    said: Collection[str] = (),
    less_is_better: bool = False,
) -> list[str]:
    """Returns a sentence for each baseline that is better than the model in some metric, and not by chance.

    By chance it may be where p-values, corrected for all baselines and metrics together (Holm), are over 0.05, or over
    fewer than `min_users` users.

    Args:
        judgement: The numbers.
        min_users: Users that count as evidence.
        users_of: How many users a metric is over.
        said: Metrics that a refusal speaks of already.
        less_is_better: Whether the metrics are errors.
    """
    compared = [
        (name, metric, mean, p_value_of_interval(mean, low, high))
        for name, differences in judgement.differences.items()
        for metric, (mean, low, high) in _known(differences).items()
        if metric not in said and users_of(metric) >= min_users
    ]
    better = [
        (name, metric)
        for (name, metric, mean, _), p_value in zip(compared, holm([each[-1] for each in compared]), strict=True)
        if p_value <= _LEVEL and (mean > 0.0 if less_is_better else mean < 0.0)
    ]
    notes = []
    for name, differences in judgement.differences.items():
        found = [_shown(metric, name, judgement, differences) for other, metric in better if other == name]
        if found:
            more = len(found) - _MOST_NAMED
            listed = "; ".join(found[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
            notes.append(f"The baseline {name} is better than the model, and not by chance: {listed}.")
    return notes


def _known(differences: Differences) -> dict[str, tuple[float, float, float]]:
    """Returns mean, low and high of the differences that have an interval."""
    known = {}
    for metric, difference in differences.items():
        mean, low, high = (difference[bound] for bound in ("mean", "low", "high"))
        if mean is not None and low is not None and high is not None:
            known[metric] = mean, low, high
    return known


def _shown(metric: str, name: str, judgement: Judgement, differences: Differences) -> str:
    own, other = judgement.metrics.get(metric), judgement.baselines[name].get(metric)
    values = "" if own is None or other is None else f" {other:.4f} against {own:.4f}"
    low, high = differences[metric]["low"] or 0.0, differences[metric]["high"] or 0.0
    return f"{metric}{values} (95% interval of the difference {low:+.4f} to {high:+.4f})"
