"""What the network reads of a window: levels, lags and means of the past, and what weeks planned alike have sold."""

from typing import Any, NamedTuple

import tensorflow as tf

# Weeks that the mean of what products alike sell counts for, beside a series' own weeks.
_LIKE_WEEKS = 0.5
# Weeks whose mean is the level, and units a week below which levels are not told apart.
_LEVEL_WEEKS, _LEAST_LEVEL = 26, 0.05
_LAGS, _PLANNED_LAGS = 8, 4
_MEANS = (2, 4, 8, 13, 26, 52)
_DECAYS = (0.5, 0.8, 0.9)
_SPREAD_WEEKS, _ZERO_WEEKS = 8, 16
_QUIET_WEEKS, _PLANNED_WEEKS = (8, 26, 52), (4, 8, 26)
# Less is planned of a quiet week than this.
_QUIET = 0.05
# How far a price may be from the usual one to count as usual: widths of a Gaussian.
_PRICE_WIDTHS = (0.05, 0.15)
# How far apart two weeks may be in what is planned: whether roots are compared, the width, what is left of a week's
# weight a week later.
_ALIKE = (
    (False, 0.05, 1.0),
    (False, 0.2, 1.0),
    (False, 0.8, 1.0),
    (True, 0.1, 1.0),
    (True, 0.3, 1.0),
    (True, 0.1, 0.93),
    (True, 0.3, 0.93),
    (False, 0.2, 0.9),
)
_YEAR_WEEKS = 52


class CovariateKinds(NamedTuple):
    """Which covariates are what, by their places.

    Attributes:
        planned: Promotions: what is planned for a week, 0 where nothing is.
        carried: What nobody knows beforehand, such as a price; of coming weeks it is the last week's.
        seasonal: The time of the year.
    """

    planned: tuple[int, ...] = ()
    carried: tuple[int, ...] = ()
    seasonal: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.planned) + len(self.carried) + len(self.seasonal)


class WindowFeatures(NamedTuple):
    """A window as the network reads it, all float32.

    Attributes:
        level: `(batch,)`: units a week that all others are shares of.
        shares: `(batch, w)`: units of the past weeks as shares of the level, 0 where they are unknown.
        known: `(batch, w)`: 1 where they are known.
        facts: `(batch, f)`: numbers of the past.
        coming: `(batch, h, g)`: numbers of each coming week.
    """

    level: Any
    shares: Any
    known: Any
    facts: Any
    coming: Any


def window_features(
    recent_units: Any, recent_covariates: Any, known_covariates: Any, like: Any, kinds: CovariateKinds
) -> WindowFeatures:
    """Returns what the network reads of windows.

    Args:
        recent_units: float32 `(batch, w)`; NaN is not known, negative counts as 0.
        recent_covariates: float32 `(batch, w, c)`.
        known_covariates: float32 `(batch, h, c)`.
        like: float32 `(batch,)`: units a week of products like each one.
        kinds: Which covariates are what.
    """
    finite = tf.math.is_finite(recent_units)
    known = tf.cast(finite, tf.float32)
    units = tf.where(finite, tf.maximum(recent_units, 0.0), 0.0)
    lately, weeks = units[:, -_LEVEL_WEEKS:], known[:, -_LEVEL_WEEKS:]
    level = (tf.reduce_sum(lately, axis=1) + _LIKE_WEEKS * like) / (tf.reduce_sum(weeks, axis=1) + _LIKE_WEEKS)
    level = tf.maximum(level, _LEAST_LEVEL)
    shares = units / level[:, tf.newaxis]
    places = tf.constant(kinds.planned, tf.int32)
    planned, coming = (tf.gather(each, places, axis=2) for each in (recent_covariates, known_covariates))
    season = tf.gather(known_covariates, tf.constant(kinds.seasonal, tf.int32), axis=2)
    facts = [
        tf.stack([tf.math.log(level), tf.math.log1p(like), tf.reduce_mean(known, axis=1)], axis=-1),
        _numbers_of_units(shares, known),
        *_numbers_of_covariates(shares, known, recent_covariates, planned, kinds),
    ]
    return WindowFeatures(
        level,
        shares,
        known,
        tf.concat(facts, axis=-1),
        tf.concat([*_numbers_of_coming(shares, known, planned, coming), season], axis=-1),
    )


def roots(covariates: Any) -> Any:
    """Returns square roots with their signs: a display in few stores is nearer to one in many than to none."""
    return tf.sign(covariates) * tf.sqrt(tf.abs(covariates))


def alike_weeks(
    shares: Any, known: Any, planned: Any, coming: Any, *, width: float, decay: float = 1.0
) -> tuple[Any, Any]:
    """Returns what was sold in past weeks that were planned like each coming one (Nadaraya and Watson, 1964).

    Args:
        shares: float32 `(batch, w)`: units as shares of the level.
        known: float32 `(batch, w)`: 1 where they are known.
        planned: float32 `(batch, w, p)`.
        coming: float32 `(batch, h, p)`.
        width: Of the Gaussian of the distance between what is planned, by which past weeks are weighed.
        decay: What is left of a week's weight a week later.

    Returns:
        The mean and the sum of the weights, float32 `(batch, h)` each; the mean of no such week is 0.
    """
    apart = tf.reduce_sum(tf.math.squared_difference(coming[:, :, tf.newaxis], planned[:, tf.newaxis]), axis=-1)
    weights = tf.exp(-apart / (2.0 * width**2)) * (known * _faded(known, decay))[:, tf.newaxis]
    total = tf.reduce_sum(weights, axis=-1)
    sold = tf.reduce_sum(weights * shares[:, tf.newaxis], axis=-1)
    return tf.where(total > 1e-6, tf.math.divide_no_nan(sold, total), 0.0), total


def _numbers_of_units(shares: Any, known: Any) -> Any:
    """Returns lags, means, and how uneven the latest weeks are."""
    width = int(shares.shape[1])
    lags = tf.math.log1p(shares[:, : -min(_LAGS, width) - 1 : -1])
    numbers = [_mean(shares[:, -weeks:], known[:, -weeks:]) for weeks in _MEANS]
    numbers += [_mean(shares, known * _faded(known, decay)) for decay in _DECAYS]
    last = shares[:, -_SPREAD_WEEKS:]
    ordered = tf.sort(last, axis=1)
    middle = (int(ordered.shape[1]) - 1) // 2, int(ordered.shape[1]) // 2
    numbers += [0.5 * (ordered[:, middle[0]] + ordered[:, middle[1]]), ordered[:, -1], ordered[:, 0]]
    spread = tf.math.reduce_std(last, axis=1) / (1.0 + tf.reduce_mean(last, axis=1))
    there = known[:, -_ZERO_WEEKS:]
    zeros = tf.cast(shares[:, -_ZERO_WEEKS:] == 0.0, tf.float32) * there
    none = tf.math.divide_no_nan(tf.reduce_sum(zeros, axis=1), tf.reduce_sum(there, axis=1))
    return tf.concat([lags, tf.math.log1p(tf.stack(numbers, axis=-1)), tf.stack([spread, none], axis=-1)], axis=-1)


def _numbers_of_covariates(shares: Any, known: Any, covariates: Any, planned: Any, kinds: CovariateKinds) -> list[Any]:
    """Returns what was sold where nothing was planned and at prices like the last, and what was planned lately."""
    found = [roots(planned[:, -week]) for week in range(1, min(_PLANNED_LAGS, int(shares.shape[1])) + 1)]
    found += [tf.reduce_mean(planned[:, -weeks:], axis=1) for weeks in _PLANNED_WEEKS]
    numbers = []
    if kinds.planned:
        quiet = known * tf.cast(tf.reduce_max(tf.abs(planned), axis=-1) < _QUIET, tf.float32)
        for weeks in _QUIET_WEEKS:
            numbers += [tf.math.log1p(_mean(shares[:, -weeks:], quiet[:, -weeks:]))]
            numbers += [tf.reduce_mean(quiet[:, -weeks:], axis=1)]
    for place in kinds.carried:
        price = covariates[:, :, place]
        numbers += [price[:, -1], price[:, -2], tf.reduce_mean(price[:, -_PLANNED_LAGS:], axis=1)]
        numbers.append(tf.reduce_min(price[:, -_SPREAD_WEEKS:], axis=1))
        # Prices are as far from the usual one as they are from 0.
        for width in _PRICE_WIDTHS:
            near = tf.exp(-tf.square(price) / (2.0 * width**2))
            numbers.append(tf.math.log1p(_mean(shares, known * near)))
    return [*found, tf.stack(numbers, axis=-1)] if numbers else found


def _numbers_of_coming(shares: Any, known: Any, planned: Any, coming: Any) -> list[Any]:
    """Returns the step, what is planned and was planned around each week, and what weeks planned alike have sold."""
    horizon, width = int(coming.shape[1]), int(shares.shape[1])
    steps = tf.repeat(tf.eye(horizon)[tf.newaxis], tf.shape(shares)[0], axis=0)
    found = [steps, coming, roots(coming)]
    if planned.shape[2]:
        around = roots(tf.concat([planned[:, -2:], coming], axis=1))
        after = tf.pad(around[:, 3:], [[0, 0], [0, 1], [0, 0]])
        found += [around[:, 1 : 1 + horizon], around[:, :horizon], after]
        found.append(tf.repeat(tf.reduce_mean(coming, axis=1, keepdims=True), horizon, axis=1))
        numbers: list[Any] = []
        pairs = {False: (planned, coming), True: (roots(planned), roots(coming))}
        for of_roots, apart, decay in _ALIKE:
            numbers += alike_weeks(shares, known, *pairs[of_roots], width=apart, decay=decay)
        found.append(tf.math.log1p(tf.stack(numbers, axis=-1)))
    if width >= _YEAR_WEEKS:
        last_year = slice(width - _YEAR_WEEKS, width - _YEAR_WEEKS + horizon)
        found.append(tf.stack([tf.math.log1p(shares[:, last_year]), known[:, last_year]], axis=-1))
    return found


def _mean(values: Any, weights: Any) -> Any:
    """Returns the mean over weeks, `(batch,)`; 0 where all weights are 0."""
    return tf.math.divide_no_nan(tf.reduce_sum(values * weights, axis=1), tf.reduce_sum(weights, axis=1))


def _faded(known: Any, decay: float) -> Any:
    """Returns what is left of each week's weight, `(1, w)`: 1 of the newest one."""
    weeks = int(known.shape[1])
    return tf.constant([[decay**age for age in reversed(range(weeks))]], tf.float32)
