"""How much better one system is than others on the same users or queries, with intervals."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.gate.judgement import Differences, Metrics
from trainer.metrics.bootstrap import Interval, bootstrap_intervals


def paired_differences(
    table: pa.Table, system: str, others: Sequence[str], names: Sequence[str], *, seed: int, resamples: int
) -> dict[str, Differences]:
    """Returns mean, low and high of a system's metrics minus each other system's, all from the same resamples.

    Low and high are those of a 95% percentile bootstrap interval, None where there are too few rows for one.

    Args:
        table: A row for each user or query, with a number SYSTEM.NAME of each system and metric.
        system: The system.
        others: The other systems.
        names: The metrics.
        seed: Of the resampling.
        resamples: How many.
    """
    if not others:
        return {}
    own = _matrix(table, system, names)
    differences = np.hstack([own - _matrix(table, other, names) for other in others])
    intervals = iter(bootstrap_intervals(differences, seed, resamples))
    return {other: {name: _bounds(next(intervals)) for name in names} for other in others}


def _matrix(table: pa.Table, system: str, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Returns metrics of a system, float64 `(rows, names)`."""
    return np.column_stack([table[f"{system}.{name}"].to_numpy().astype(np.float64) for name in names])


def _bounds(interval: Interval) -> Metrics:
    return {bound: None if np.isnan(value) else value for bound, value in interval._asdict().items()}
