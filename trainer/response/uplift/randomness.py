"""Whether a treatment was given at random, so that what followed can be put down to it."""

import math

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from trainer.metrics.bootstrap import Interval
from trainer.response.feature_table import FeatureTable

_MOST_ROWS = 50_000
# Of a normal distribution: once in 1,000 such tests a treatment at random is taken for another.
_STANDARD_ERRORS = 3.29


def predictability(table: FeatureTable, treated: npt.NDArray[np.bool_], seed: int) -> Interval:
    """Returns how well the features foretell who was treated: the area under the ROC curve, .5 for a random treatment.

    Gradient boosting learns it on one half of the rows and is asked about the other, and the other way round.

    Args:
        table: Impressions; of more than 50,000 a sample.
        treated: bool `(rows,)`.
        seed: Of the halves and the sample.

    Returns:
        The area and its 99.9% interval (Hanley and McNeil, 1982); NaN where a half has fewer than two of each.
    """
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(table))[:_MOST_ROWS]
    features, target = _features(table.rows(rows)), treated[rows]
    halves = np.arange(len(rows)) % 2
    if (
        min(target[halves == half].sum() for half in (0, 1)) < 2
        or min((~target)[halves == h].sum() for h in (0, 1)) < 2
    ):
        return Interval(math.nan, math.nan, math.nan)
    areas = []
    for half in (0, 1):
        model = HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=15, random_state=seed, early_stopping=False)
        model.fit(features[halves != half], target[halves != half])
        areas.append(_area(model.predict_proba(features[halves == half])[:, 1], target[halves == half]))
    area = float(np.mean(areas))
    half_width = _STANDARD_ERRORS * _standard_error(area, int(target.sum()), int((~target).sum()))
    return Interval(area, area - half_width, area + half_width)


def _features(table: FeatureTable) -> npt.NDArray[np.float32]:
    known = [table.numbers, table.categories.astype(np.float32), table.item[:, np.newaxis].astype(np.float32)]
    return np.concatenate(known, axis=1)


def _area(scores: npt.NDArray[np.floating], target: npt.NDArray[np.bool_]) -> float:
    from scipy.stats import rankdata

    positive, negative = int(target.sum()), int((~target).sum())
    return float((rankdata(scores)[target].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _standard_error(area: float, positive: int, negative: int) -> float:
    """Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 1982."""
    first, second = area / (2.0 - area), 2.0 * area * area / (1.0 + area)
    variance = (
        area * (1.0 - area) + (positive - 1) * (first - area * area) + (negative - 1) * (second - area * area)
    ) / (positive * negative)
    return math.sqrt(max(variance, 0.0))
