"""Says where a baseline is better than the model, even where that is no reason to refuse it."""

from collections.abc import Callable, Collection

from components.gate.judgement import Differences, Judgement

_MOST_NAMED = 3


def better_baselines(
    judgement: Judgement,
    min_users: int,
    users_of: Callable[[str], int],
    *,
    said: Collection[str] = (),
    less_is_better: bool = False,
) -> list[str]:
    """Returns a sentence for each baseline that is better than the model in some metric, and not by chance.

    By chance it may be where the 95% interval of the difference reaches zero, or over fewer than `min_users` users.

    Args:
        judgement: The numbers.
        min_users: Users that count as evidence.
        users_of: How many users a metric is over.
        said: Metrics that a refusal speaks of already.
        less_is_better: Whether the metrics are errors.
    """
    notes = []
    for name, differences in judgement.differences.items():
        found = [
            _shown(metric, name, judgement, differences)
            for metric in differences
            if metric not in said and users_of(metric) >= min_users and _surely(differences, metric, less_is_better)
        ]
        if found:
            more = len(found) - _MOST_NAMED
            listed = "; ".join(found[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
            notes.append(f"The baseline {name} is better than the model, and not by chance: {listed}.")
    return notes


def _surely(differences: Differences, metric: str, less_is_better: bool) -> bool:
    difference = differences[metric]
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return False
    return low > 0.0 if less_is_better else high < 0.0


def _shown(metric: str, name: str, judgement: Judgement, differences: Differences) -> str:
    own, other = judgement.metrics.get(metric), judgement.baselines[name].get(metric)
    values = "" if own is None or other is None else f" {other:.4f} against {own:.4f}"
    low, high = differences[metric]["low"] or 0.0, differences[metric]["high"] or 0.0
    return f"{metric}{values} (95% interval of the difference {low:+.4f} to {high:+.4f})"
