"""How much an old event still counts."""

import numpy as np
import numpy.typing as npt

from serving.graph.time_units import WEEK_SECONDS

WEEKLY_DECAY = 0.9


def weekly_decay(age_seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns 0.9 to the power of the whole weeks in each age; an age below 0 counts as 0."""
    return WEEKLY_DECAY ** (np.maximum(age_seconds, 0) // WEEK_SECONDS).astype(np.float64)
