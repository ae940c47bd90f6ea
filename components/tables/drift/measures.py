"""Measures how far the columns of a table have moved, from the statistics of two runs."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.tables.drift.options import DriftOptions

# They grow with each day of a shop, and mean no change.
_GROWING = frozenset({"timestamp", "position", "basket_id"})
# Each of their values names one thing, and other things come and go.
_NAMES = frozenset(
    {
        *("user_id", "product_id", "related_id", "answer_id", "dialogue_id", "sku", "title", "description", "image"),
        *("text", "query", "question", "term", "same_as"),
    }
)
# A column whose values have fewer rows each, on the mean, tells things apart and does not sort them.
_FEWEST_ROWS_A_VALUE = 5
_FEWEST_CONCENTRATED = 100
# What may be chance: the value of Kolmogorov and Smirnov at 1% for two samples, and more than that of a share.
_CHANCE = 1.63
_FEWEST_NEW_ROWS = 10
_QUANTILES = statistics_pb2.Histogram.QUANTILES

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatistics
Feature: TypeAlias = statistics_pb2.FeatureNameStatistics


class Moved(NamedTuple):
    """How far a column has moved by one measure.

    Attributes:
        column: Its name.
        measure: Name of the option that bounds it.
        value: How far.
        limit: How far it may; never less than what may be chance.
        what: What has changed and by how much, as the end of a sentence.
    """

    column: str
    measure: str
    value: float
    limit: float
    what: str

    @property
    def too_far(self) -> bool:
        """Whether it is more than it may be."""
        return self.value > self.limit


def measure_drift(before: Statistics, now: Statistics, options: DriftOptions) -> list[Moved]:
    """Compares the columns that both tables have.

    Args:
        before: Statistics of the last run's table, as StatisticsGen makes them.
        now: Those of this run's.
        options: How far columns may move.

    Returns:
        Each measure of each column, in the order of the columns.
    """
    rows = (int(before.num_examples), int(now.num_examples))
    if not all(rows):
        return []
    chance = {
        "concentration": 0.0,
        # A value with more than ten rows in so many hardly lacks in as many others.
        "new_values": _FEWEST_NEW_ROWS / min(rows),
    }
    two_samples = _CHANCE * math.sqrt(1.0 / rows[0] + 1.0 / rows[1])
    earlier = {feature.path.step[0]: feature for feature in before.features}
    found: list[Moved] = []
    for feature in now.features:
        name = feature.path.step[0]
        old = earlier.get(name)
        if old is None or name in _GROWING or feature.WhichOneof("stats") != old.WhichOneof("stats"):
            continue
        found += [
            Moved(name, measure, value, max(float(getattr(options, measure)), chance.get(measure, two_samples)), what)
            for measure, value, what in _measures(old, feature, rows)
        ]
    return found


def _measures(before: Feature, now: Feature, rows: tuple[int, int]) -> Iterator[tuple[str, float, str]]:
    present = [_present(feature) for feature in (before, now)]
    shares = [1.0 - count / total for count, total in zip(present, rows, strict=True)]
    yield "missing", abs(shares[1] - shares[0]), f"{shares[1]:.1%} of the rows have no value ({shares[0]:.1%} before)"
    if not all(present):
        return
    if now.HasField("num_stats"):
        yield from _of_numbers(_deciles(before), _deciles(now))
    elif now.HasField("string_stats"):
        yield from _of_values(before, now)


def _of_numbers(before: npt.NDArray[np.float64], now: npt.NDArray[np.float64]) -> Iterator[tuple[str, float, str]]:
    if not (len(before) and len(now)):
        return
    points = np.union1d(before, now)
    distance = float(np.abs(_distribution(before, points) - _distribution(now, points)).max())
    middle = [float(np.median(each)) for each in (before, now)]
    by = f", {middle[1] / middle[0] - 1.0:+.0%}" if middle[0] else ""
    yield "numbers", distance, f"its median is {middle[1]:.4g} ({middle[0]:.4g} before{by})"


def _of_values(before: Feature, now: Feature) -> Iterator[tuple[str, float, str]]:
    old, new = (_shares(feature) for feature in (before, now))
    if _sorts(before) and _sorts(now):
        change = {value: new.get(value, 0.0) - old.get(value, 0.0) for value in {**old, **new}}
        most = max(change, key=lambda value: (abs(change[value]), value))
        told = f"`{most}` has {new.get(most, 0.0):.1%} of the rows ({old.get(most, 0.0):.1%} before)"
        yield "categories", abs(change[most]), told
        unseen = {value: share for value, share in new.items() if value not in old}
        if unseen:
            first = max(unseen, key=lambda value: (unseen[value], value))
            share = sum(unseen.values())
            yield "new_values", share, f"{share:.1%} of the rows have a value that is new, such as `{first}`"
    unique = [int(feature.string_stats.unique) for feature in (before, now)]
    if min(unique) >= _FEWEST_CONCENTRATED:
        busiest = [_busiest(shares, count) for shares, count in ((old, unique[0]), (new, unique[1]))]
        told = f"the busiest hundredth of its values has {busiest[1]:.1%} of the rows ({busiest[0]:.1%} before)"
        yield "concentration", busiest[1] / busiest[0], told


def _distribution(deciles: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns the share of a column's values up to each point, by a line between its deciles, from 0.1 to 0.9."""
    # Of equal deciles the last one counts: so many values are no larger.
    values, last = np.unique(deciles[::-1], return_index=True)
    shares = (len(deciles) - last) / (len(deciles) + 1)
    distribution: npt.NDArray[np.float64] = np.interp(points, values, shares)
    return distribution


def _deciles(feature: Feature) -> npt.NDArray[np.float64]:
    """Returns the nine deciles of a number, which one value cannot move; none where it has no values."""
    for histogram in feature.num_stats.histograms:
        if histogram.type == _QUANTILES and histogram.buckets:
            return np.array([bucket.high_value for bucket in histogram.buckets[:-1]], np.float64)
    return np.zeros(0)


def _shares(feature: Feature) -> dict[str, float]:
    present = max(_present(feature), 1)
    return {bucket.label: bucket.sample_count / present for bucket in feature.string_stats.rank_histogram.buckets}


def _sorts(feature: Feature) -> bool:
    """Says whether a column sorts the rows into kinds, of which the statistics have all."""
    texts = feature.string_stats
    unique = int(texts.unique)
    few = unique <= len(texts.rank_histogram.buckets) and unique * _FEWEST_ROWS_A_VALUE <= _present(feature)
    return few and feature.path.step[0] not in _NAMES


def _busiest(shares: Mapping[str, float], unique: int) -> float:
    """Returns the share of the rows that the most frequent hundredth of the values has."""
    count = max(1, unique // 100)
    return sum(sorted(shares.values(), reverse=True)[:count])


def _present(feature: Feature) -> int:
    stats: Any = feature.num_stats if feature.HasField("num_stats") else feature.string_stats
    return int(stats.common_stats.num_non_missing)
