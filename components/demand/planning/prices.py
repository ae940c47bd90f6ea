"""How demand answers to the price, by product, where its price varied."""

import warnings
from typing import NamedTuple

import numpy as np

from trainer.demand.series import Floats

_LEAST_WEEKS = 8
_QUARTER_WEEKS = 13
# Demand does not rise with the price, and falls no faster than this.
_STEEPEST = -8.0
_NEWTON_STEPS = 12
_RIDGE = 1e-3
# Prices that are so many times the median, or that part of it, are no prices of a piece.
_FURTHEST = 3.0
# Of a normal distribution, 90% lie within so many standard deviations.
_MOST_LIKELY = 1.645


class PriceAnswers(NamedTuple):
    """How demand answers to the price.

    Attributes:
        elasticity: `(series,)`: percent of the units for a percent of the price; NaN where nothing can be said.
        low: `(series,)`: what it is above with 95% probability; likewise.
        high: `(series,)`: what it is below with 95% probability; likewise.
        usual: `(series,)`: median price.
        lowest: `(series,)`: lowest price that was seen.
        highest: `(series,)`: highest.
        variation: `(series,)`: standard deviation of the logarithm of the weekly prices.
    """

    elasticity: Floats
    low: Floats
    high: Floats
    usual: Floats
    lowest: Floats
    highest: Floats
    variation: Floats


def price_answers(units: Floats, prices: Floats, covariates: Floats, least_variation: float) -> PriceAnswers:
    """Fits a Poisson regression of the units on the logarithm of the price, for each series on its own.

    Promotions are regressors too, so that what a display brought is not taken for an answer to the price. Elasticities
    are then drawn to their mean over all series by their errors (Morris, "Parametric empirical Bayes inference", JASA
    1983), and kept between -8 and 0. Prices beyond three times the median, or below a third of it, are not looked at:
    they are slips, or of other pieces.

    Args:
        units: `(series, weeks)`; NaN is not known.
        prices: `(series, weeks)`; NaN where nothing was sold.
        covariates: `(series, weeks, c)`: what else was known of the weeks.
        least_variation: Variation of the price below which nothing is said.
    """
    number = len(units)
    found, error = np.full(number, np.nan), np.full(number, np.nan)
    prices = _of_a_piece(prices)
    logarithm = np.log(np.where(prices > 0, prices, np.nan))
    with np.errstate(all="ignore"):
        counted = np.isfinite(logarithm).sum(1)
        filled = np.where(np.isfinite(logarithm), logarithm, 0.0)
        mean = filled.sum(1) / np.maximum(counted, 1)
        spread = (np.where(np.isfinite(logarithm), logarithm - mean[:, None], 0.0) ** 2).sum(1) / np.maximum(counted, 1)
    variation = np.sqrt(spread)
    for row in np.flatnonzero((counted >= _LEAST_WEEKS) & (variation >= least_variation)):
        # A week without a sale has the last price there was.
        price = _carried(logarithm[row])
        weeks = np.isfinite(units[row]) & np.isfinite(price)
        if weeks.sum() >= _LEAST_WEEKS:
            found[row], error[row] = _poisson(units[row][weeks], price[weeks] - mean[row], covariates[row][weeks])
    found, error = _shrunken(found, error)
    ordered = [_seen(row) for row in prices]
    usual, lowest, highest = (np.array([each[place] for each in ordered]) for place in range(3))
    bounds = (found, found - _MOST_LIKELY * error, found + _MOST_LIKELY * error)
    elasticity, low, high = (np.clip(each, _STEEPEST, 0.0) for each in bounds)
    return PriceAnswers(elasticity, low, high, usual, lowest, highest, variation)


def usual_prices(prices: Floats) -> Floats:
    """Returns the median price of the latest quarter with one, float64 `(series,)`; NaN where there is none above 0."""
    positive = np.where(prices > 0, prices, np.nan).astype(np.float64)
    with warnings.catch_warnings():
        # Of rows without any.
        warnings.simplefilter("ignore", RuntimeWarning)
        lately, ever = np.nanmedian(positive[:, -_QUARTER_WEEKS:], axis=1), np.nanmedian(positive, axis=1)
    return np.where(np.isfinite(lately), lately, ever)


def _of_a_piece(prices: Floats) -> Floats:
    positive = np.where(prices > 0, prices, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nanmedian(positive, axis=1, keepdims=True)
    near = (positive <= _FURTHEST * middle) & (positive >= middle / _FURTHEST)
    return np.where(near, positive, np.nan)


def _carried(values: Floats) -> Floats:
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)


def _poisson(units: Floats, price: Floats, covariates: Floats) -> tuple[float, float]:
    """Returns the coefficient of the price and its standard error, by Newton's method with a touch of ridge."""
    level = max(float(units.mean()), 1e-3)
    columns = [np.ones(len(units)), price, *covariates.T]
    inputs = np.stack([each for each in columns if each.std() > 1e-9 or each is columns[0]], axis=1)
    weights = np.zeros(inputs.shape[1])
    weights[0] = np.log(level)
    penalty = np.full(inputs.shape[1], _RIDGE * len(units))
    penalty[0] = 0.0
    for _ in range(_NEWTON_STEPS):
        rate = np.exp(np.clip(inputs @ weights, -20.0, 20.0))
        hessian = inputs.T @ (inputs * rate[:, None]) + np.diag(penalty)
        step = np.linalg.solve(hessian + 1e-9 * np.eye(len(weights)), inputs.T @ (units - rate) - penalty * weights)
        weights += np.clip(step, -2.0, 2.0)
    rate = np.exp(np.clip(inputs @ weights, -20.0, 20.0))
    hessian = inputs.T @ (inputs * rate[:, None]) + np.diag(penalty) + 1e-9 * np.eye(len(weights))
    dispersion = max(1.0, float((((units - rate) ** 2) / np.maximum(rate, 1e-9)).mean()))
    return float(weights[1]), float(np.sqrt(np.linalg.inv(hessian)[1, 1] * dispersion))


def _shrunken(found: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Returns elasticities drawn to their mean, and what errors are left of them."""
    known = np.isfinite(found) & np.isfinite(error) & (error > 0)
    if known.sum() < 3:
        return found, error
    values, variance = found[known], error[known] ** 2
    mean = float(np.average(values, weights=1.0 / (variance + 1.0)))
    between = max(float(np.average((values - mean) ** 2 - variance, weights=1.0 / (variance + 1.0))), 0.05)
    shrunken, left = found.copy(), error.copy()
    share = between / (between + variance)
    shrunken[known] = mean + share * (values - mean)
    left[known] = np.sqrt(share * variance)
    return shrunken, left


def _seen(prices: Floats) -> tuple[float, float, float]:
    known = prices[np.isfinite(prices) & (prices > 0)]
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    return float(np.median(known)), float(known.min()), float(known.max())
