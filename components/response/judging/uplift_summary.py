"""What an evaluation says of uplift: whether the model tells apart whom a treatment moves, and what it is worth."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.metrics.bootstrap import Interval
from trainer.metrics.off_policy import PolicyValue, policy_value
from trainer.metrics.treatment_effect import treatment_effect
from trainer.metrics.uplift import RankedRows, UpliftCurve

SHARES = (0.1, 0.3, 0.5)
# Whom to address is decided by whether an interval includes 0, for each treatment and in each run anew. With the usual
# 95% one of twenty such intervals would claim an effect that is not there, on either side.
CONFIDENCE = 0.99
# Points of a curve that the report draws.
_MOST_POINTS = 101
BY_MODEL, NOBODY = "by_this_model", "nobody"


class JudgedRows(NamedTuple):
    """Rows of the test with what a model expects of each treatment.

    Attributes:
        names: The treatments; the first is the control.
        arm: int `(rows,)`, the place of what the row got in `names`.
        propensities: float64 `(rows,)`, the probability with which it got that.
        outcomes: float64 `(rows,)`, 0 or 1.
        expected: float64 `(rows, treatments)`, the probability of the outcome under each of `names`.
        users: int `(rows,)` from 0; rows of one user are resampled together. None where each row is of another user.
    """

    names: Sequence[str]
    arm: npt.NDArray[np.integer]
    propensities: npt.NDArray[np.float64]
    outcomes: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    users: npt.NDArray[np.integer] | None = None


def uplift_summary(rows: JudgedRows, seed: int, resamples: int) -> dict[str, Any]:
    """Returns what summary.json says of uplift.

    Args:
        rows: The test.
        seed: Of the resampling.
        resamples: How many.

    Returns:
        `control`: its name. `treatments`: for each other one its rows and those of the control beside it, `effect`
        (what it adds on average, with a 95% interval), `qini`, `uplift_at_30` and others (with 99% intervals),
        `told_apart` (whether that of Qini lies above 0) and the points of the `curve`. `policies`: what showing by
        some rules is worth in outcomes a row, `ips`, `self_normalised` and `doubly_robust`, with `effective_rows`.
    """
    return {
        "control": rows.names[0],
        "treatments": {
            name: _treatment(rows, place, seed, resamples) for place, name in enumerate(rows.names) if place
        },
        "policies": _policies(rows, seed, resamples),
    }


def told_apart_line(name: str, found: Mapping[str, Any]) -> str:
    """Says in a sentence whether a model tells apart whom a treatment moves.

    Args:
        name: The treatment.
        found: What `uplift_summary` says of it.
    """
    qini = found["qini"]
    if qini["low"] is None:
        return f"Uplift of `{name}`: the test has too few rows of each group to say whom it moves."
    between = f"{qini['mean']:.4f}, between {qini['low']:.4f} and {qini['high']:.4f}"
    if not found["told_apart"]:
        return f"Uplift of `{name}`: nobody is told apart, since the 99% interval of Qini includes 0 ({between})."
    return f"Uplift of `{name}`: the model tells apart whom it moves, with a Qini above 0 ({between})."


def _treatment(rows: JudgedRows, place: int, seed: int, resamples: int) -> dict[str, Any]:
    chosen = (rows.arm == place) | (rows.arm == 0)
    treated = rows.arm[chosen] == place
    outcomes, propensities = rows.outcomes[chosen], rows.propensities[chosen]
    users = None if rows.users is None else np.unique(rows.users[chosen], return_inverse=True)[1]
    counts = {"treated": int(treated.sum()), "control": int((~treated).sum())}
    if not chosen.any():
        nothing = _bounds(Interval(math.nan, math.nan, math.nan))
        return {**counts, "effect": nothing, "qini": nothing, "told_apart": False, "curve": []}
    added = rows.expected[chosen, place] - rows.expected[chosen, 0]
    ranked = RankedRows(added, outcomes, treated, propensities)
    measures = ranked.intervals(SHARES, seed, resamples, users, CONFIDENCE)
    return {
        **counts,
        "effect": _bounds(treatment_effect(outcomes, treated, propensities)),
        **{name: _bounds(interval) for name, interval in measures.items()},
        "told_apart": bool(measures["qini"].low > 0.0),
        "curve": _points(ranked.curve()),
    }


def _policies(rows: JudgedRows, seed: int, resamples: int) -> dict[str, Any]:
    """Returns the value of showing by the model, of each treatment for everybody, and of none."""
    best = rows.expected.argmax(axis=1)
    rules = {BY_MODEL: best, NOBODY: np.zeros_like(best)}
    rules |= {f"everybody_{name}": np.full_like(best, place) for place, name in enumerate(rows.names) if place}
    each = np.arange(len(best))
    return {
        name: _policy(
            policy_value(
                rows.outcomes,
                rows.propensities,
                rows.arm == shown,
                rows.expected[each, rows.arm],
                rows.expected[each, shown],
                seed,
                resamples,
                rows.users,
            )
        )
        for name, shown in rules.items()
    }


def _policy(value: PolicyValue) -> dict[str, Any]:
    found = value._asdict()
    return {name: _bounds(each) if isinstance(each, Interval) else each for name, each in found.items()}


def _points(curve: UpliftCurve) -> list[list[float]]:
    """Returns at most so many points of a curve, of those that are known."""
    known = np.flatnonzero(~np.isnan(curve.gain))
    if len(known) > _MOST_POINTS:
        known = known[np.linspace(0, len(known) - 1, _MOST_POINTS).round().astype(int)]
    return [[float(curve.share[place]), float(curve.gain[place])] for place in known]


def _bounds(interval: Interval) -> dict[str, float | None]:
    return {bound: None if math.isnan(value) else value for bound, value in interval._asdict().items()}
