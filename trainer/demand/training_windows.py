"""The windows of series that can be learned from."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainer.demand.series import DemandSeries, Ints


class TrainingWindows:
    """Pairs of a series and a number of past weeks: something is known before them, and of the horizon after them.

    Memory grows with the series times the origins, at 5 bytes each.

    Args:
        series: The series.
        origins: Numbers of past weeks.
        horizon: Weeks that are learned to answer.
    """

    def __init__(self, series: DemandSeries, origins: Sequence[int], horizon: int) -> None:
        known = np.isfinite(series.units)
        began = np.where(known.any(1), known.argmax(1), series.weeks)
        there = np.zeros((len(series), len(origins)), np.bool_)
        for place, origin in enumerate(origins):
            there[:, place] = (began < origin) & known[:, origin : origin + horizon].any(1)
        self._origins = np.array(origins, np.int64)
        self._places: npt.NDArray[np.unsignedinteger] = np.flatnonzero(there).astype(np.min_scalar_type(there.size))

    def __len__(self) -> int:
        return len(self._places)

    def at(self, places: Ints) -> tuple[Ints, Ints]:
        """Returns series and origin of some of them, int64 `(windows,)` each."""
        rows, origins = np.divmod(self._places[places].astype(np.int64), max(len(self._origins), 1))
        return rows, self._origins[origins]

    def drawn(self, random: np.random.Generator, most: int) -> Ints:
        """Returns the places of all of them in another order, or of as many as `most`, drawn at random."""
        if len(self) <= most:
            return random.permutation(len(self))
        return random.choice(len(self), most, replace=False)
