"""What a model of demand is compared with: rules of thumb, methods for one series, and gradient boosting."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trainer.demand.options import MEDIAN, QUANTILES
from trainer.demand.series import DemandSeries, Floats, Ints
from trainer.demand.training_windows import TrainingWindows

LAST_WEEK, MEDIAN_OF_8, TSB, AUTO_ETS, GRADIENT_BOOSTING = (
    "last_week",
    "median_of_8",
    "tsb",
    "auto_ets",
    "gradient_boosting",
)
_MEDIAN_WEEKS = 8
# The spread of a rule of thumb is that of what it would have missed by in as many weeks before.
_SPREAD_WEEKS = 26
_LEAST_PAST = 4
_TSB_DEMAND, _TSB_PROBABILITY = 0.2, 0.2


def last_week(units: Floats, horizon: int) -> Floats:
    """Returns the last week for all weeks, with the quantiles of how weeks differ from the one before."""
    filled = np.nan_to_num(units)
    return _with_spread(filled[:, -1], filled[:, -_SPREAD_WEEKS:], lambda past: past[:, :-1], 1, horizon)


def median_of_8(units: Floats, horizon: int) -> Floats:
    """Returns the median of the last 8 weeks for all weeks, with the quantiles of what it missed by before."""
    filled = np.nan_to_num(units)

    def before(past: Floats) -> Floats:
        view = np.lib.stride_tricks.sliding_window_view(past, _MEDIAN_WEEKS, axis=1)
        return np.asarray(np.median(view, -1)[:, :-1])

    past = filled[:, -_SPREAD_WEEKS - _MEDIAN_WEEKS :]
    if past.shape[1] <= _MEDIAN_WEEKS:
        return _constant(np.median(filled[:, -_MEDIAN_WEEKS:], 1), horizon)
    return _with_spread(np.median(filled[:, -_MEDIAN_WEEKS:], 1), past, before, _MEDIAN_WEEKS, horizon)


def statistical(units: Floats, horizon: int, method: str) -> Floats:
    """Returns what a method of statsforecast says of each series, with its own intervals.

    TSB (Teunter, Syntetos and Babai, 2011) has conformal intervals where the series is long enough for them.

    Args:
        units: `(series, weeks)`; NaN counts as 0. A series that statsforecast cannot do is a constant 0.
        horizon: Weeks to come.
        method: `TSB` or `AUTO_ETS`.
    """
    import statsforecast.models as methods
    from statsforecast.utils import ConformalIntervals

    filled = np.nan_to_num(units).astype(np.float64)
    levels = [20, 40, 60, 80]
    answers = []
    conformal = ConformalIntervals(h=horizon, n_windows=4) if units.shape[1] > 6 * horizon else None
    for series in filled:
        if not series.any():
            answers.append(np.zeros((horizon, len(QUANTILES))))
            continue
        model: Any
        if method == TSB:
            model = methods.TSB(_TSB_DEMAND, _TSB_PROBABILITY, prediction_intervals=conformal)
            found = model.forecast(y=series, h=horizon, level=levels if conformal else None)
        else:
            model = methods.AutoETS(season_length=1)
            found = model.forecast(y=series, h=horizon, level=levels)
        columns = [found.get(f"lo-{level}", found["mean"]) for level in reversed(levels)]
        columns += [found["mean"], *(found.get(f"hi-{level}", found["mean"]) for level in levels)]
        answers.append(np.stack(columns, axis=-1))
    return _tidy(np.nan_to_num(np.stack(answers)))


class GradientBoosting:
    """Scikit-learn's histogram gradient boosting with a quantile loss, on lags, means and what is planned.

    One model a quantile for 0.5 and 0.9; quantiles between and below are not told apart from the nearer one.

    Args:
        series: The series.
        before: Week that the test begins with.
        horizon: Weeks to come.
        most_rows: Rows that are learned from at the most, drawn at random.
        seed: Of drawing and fitting.
        first: First week after which rows are made.
    """

    def __init__(
        self,
        series: DemandSeries,
        before: int,
        horizon: int,
        *,
        most_rows: int = 200_000,
        seed: int = 0,
        first: int = 8,
    ) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        self._series, self._horizon = series, horizon
        origins = range(min(first, max(before - horizon, 1)), before - horizon + 1)
        windows = TrainingWindows(series, origins, horizon)
        rows, weeks = windows.at(windows.drawn(np.random.default_rng(seed), max(1, most_rows // horizon)))
        inputs = self._inputs(rows, weeks)
        targets = series.targets(rows, weeks, horizon).ravel()
        known = np.isfinite(targets)
        self._models = {
            level: HistGradientBoostingRegressor(
                loss="quantile",
                quantile=level,
                max_iter=150,
                learning_rate=0.08,
                max_leaf_nodes=63,
                min_samples_leaf=50,
                random_state=seed,
            ).fit(inputs[known], targets[known])
            for level in (0.5, 0.9)
        }

    def quantiles(self, rows: Ints, origins: Ints) -> Floats:
        """Returns `(windows, horizon, 9)`."""
        inputs = self._inputs(rows, origins)
        shape = (len(rows), self._horizon)
        median, upper = (np.maximum(self._models[level].predict(inputs), 0.0).reshape(shape) for level in (0.5, 0.9))
        upper = np.maximum(median, upper)
        found = np.repeat(median[..., None], len(QUANTILES), axis=-1)
        share = (np.asarray(QUANTILES[MEDIAN:]) - 0.5) / 0.4
        found[..., MEDIAN:] = median[..., None] + share * (upper - median)[..., None]
        return found

    def _inputs(self, rows: Ints, origins: Ints) -> Floats:
        window = self._series.windows(rows, origins, 52, self._horizon)
        units, recent = window.recent_units, window.recent_covariates
        with np.errstate(all="ignore"):
            known = np.isfinite(units)
            filled = np.where(known, units, 0.0)
            count = np.maximum(known.cumsum(1)[:, -1:], 1)
            lags = [units[:, -lag] for lag in (1, 2, 3, 4, 5, 6, 8)]
            means = [filled[:, -weeks:].sum(1) / np.maximum(known[:, -weeks:].sum(1), 1) for weeks in (4, 8, 16, 52)]
            last = filled[:, -_MEDIAN_WEEKS:]
            shape = [np.median(last, 1), last.std(1), last.max(1), (last == 0).mean(1), count[:, 0]]
            planned = [recent[:, -_MEDIAN_WEEKS:, place].mean(1) for place in range(recent.shape[2])]
            # What was sold in weeks with at least as much of it planned, and without.
            for place in range(recent.shape[2]):
                on = (recent[..., place] > 0.2) & known
                planned.append(np.where(on.any(1), (filled * on).sum(1) / np.maximum(on.sum(1), 1), np.nan))
            quiet = (np.abs(recent).max(2) < 0.05) & known if recent.shape[2] else known
            planned.append(np.where(quiet.any(1), (filled * quiet).sum(1) / np.maximum(quiet.sum(1), 1), np.nan))
        past = np.stack([*lags, *means, *shape, *planned], axis=-1)
        steps = np.broadcast_to(np.arange(self._horizon)[None, :, None], (len(rows), self._horizon, 1))
        inputs = [steps, np.repeat(past[:, None], self._horizon, 1), window.known_covariates]
        both = np.concatenate(inputs, axis=-1)
        return np.asarray(both.reshape(-1, both.shape[-1]), np.float32)


def _with_spread(point: Floats, past: Floats, before: Callable[[Floats], Floats], first: int, horizon: int) -> Floats:
    """Returns a point for all weeks, with the quantiles of what the rule missed by in the past weeks around it."""
    if past.shape[1] <= first + _LEAST_PAST:
        return _constant(point, horizon)
    missed = past[:, first:] - before(past)
    spread = np.quantile(missed, QUANTILES, axis=1).T
    spread = np.where(np.arange(len(QUANTILES)) == MEDIAN, 0.0, spread)
    return _tidy(np.repeat((point[:, None] + spread)[:, None], horizon, axis=1))


def _constant(point: Floats, horizon: int) -> Floats:
    return np.broadcast_to(point[:, None, None], (len(point), horizon, len(QUANTILES))).astype(np.float64)


def _tidy(found: Floats) -> Floats:
    """Makes quantiles rise around the median, and none negative."""
    found = np.maximum(found, 0.0)
    found[..., MEDIAN:] = np.maximum.accumulate(found[..., MEDIAN:], axis=-1)
    found[..., MEDIAN::-1] = np.minimum.accumulate(found[..., MEDIAN::-1], axis=-1)
    return found
