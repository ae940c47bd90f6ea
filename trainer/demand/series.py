"""Weekly series as arrays, and windows of them."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.demand.window_features import CovariateKinds

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class Windows(NamedTuple):
    """What a model reads of some series at some weeks.

    Attributes:
        recent_units: float32 `(windows, w)`, the newest last; NaN where nothing is known.
        recent_covariates: float32 `(windows, w, c)`.
        known_covariates: float32 `(windows, h, c)`, of the coming weeks.
    """

    recent_units: Floats
    recent_covariates: Floats
    known_covariates: Floats


@dataclass(frozen=True)
class DemandSeries:
    """Weekly units of many series, all on the same weeks.

    Attributes:
        product: int64 `(series,)`: the row of the series' product in the catalogue; -1 for what is no product.
        units: float32 `(series, weeks)`; NaN where nothing is known: before the product was sold, or out of stock.
        covariates: float32 `(series, weeks + horizon, c)`: what is known of each week.
        carried: Covariates that nobody knows beforehand, such as a price: of the coming weeks, they are those of the
            last week.
        seasonal: Covariates that say which time of the year it is; all others are promotions.
    """

    product: Ints
    units: Floats
    covariates: Floats
    carried: tuple[int, ...] = ()
    seasonal: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.units)

    @property
    def weeks(self) -> int:
        """Weeks with units."""
        return self.units.shape[1]

    @property
    def kinds(self) -> CovariateKinds:
        """Which covariates are what."""
        others = {*self.carried, *self.seasonal}
        planned = tuple(place for place in range(self.covariates.shape[2]) if place not in others)
        return CovariateKinds(planned, self.carried, self.seasonal)

    def rows(self, rows: Ints) -> "DemandSeries":
        """Returns some of the series."""
        return replace(self, product=self.product[rows], units=self.units[rows], covariates=self.covariates[rows])

    def windows(self, rows: Ints, origins: Ints, history: int, horizon: int) -> Windows:
        """Returns what is known at the end of `origins` weeks; weeks before the first one are unknown.

        Args:
            rows: int64 `(windows,)`.
            origins: int64 `(windows,)`: how many weeks are past.
            history: Weeks that are read of the past.
            horizon: Weeks that are to come.
        """
        past = origins[:, None] + np.arange(-history, 0)
        there = past >= 0
        past = np.maximum(past, 0)
        units = np.where(there, self.units[rows[:, None], past], np.float32(np.nan))
        recent = self.covariates[rows[:, None], past] * there[..., None]
        coming = np.minimum(origins[:, None] + np.arange(horizon), self.covariates.shape[1] - 1)
        known = self.covariates[rows[:, None], coming]
        for place in self.carried:
            known[..., place] = recent[:, -1:, place]
        return Windows(units, recent.astype(np.float32), known)

    def targets(self, rows: Ints, origins: Ints, horizon: int) -> Floats:
        """Returns the units of the weeks after `origins`, float32 `(windows, horizon)`; NaN where they are unknown."""
        coming = origins[:, None] + np.arange(horizon)
        inside = coming < self.weeks
        found = self.units[rows[:, None], np.minimum(coming, self.weeks - 1)]
        return np.where(inside, found, np.float32(np.nan))
