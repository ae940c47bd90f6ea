"""A TFMA metric: the mean of a metric over the labels that it is defined for."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import DerivedMetricComputation, Metric, MetricKey, SubKey


class MacroAverage(Metric):
    """The macro average of a metric that the configuration computes by class before this one.

    TFMA's own macro average counts labels that a slice lacks, and does not average what is computed at top 1.

    Args:
        of: Name of the metric.
        of_top: Its top k; None where it has none.
        where: Name of a metric at top 1 that is a number for the labels that count.
        least: Labels that have to count; with fewer the average is not defined.
        classes: Labels.
        name: Name of the average.
    """

    def __init__(self, of: str, of_top: int | None, where: str, least: int, classes: int, name: str) -> None:
        super().__init__(_computations, of=of, of_top=of_top, where=where, least=least, classes=classes, name=name)


def _computations(
    of: str, of_top: int | None, where: str, least: int, classes: int, name: str
) -> list[DerivedMetricComputation]:
    average = MetricKey(name)

    def result(metrics: Mapping[MetricKey, Any]) -> dict[MetricKey, float]:
        values = [
            float(metrics[MetricKey(of, sub_key=SubKey(class_id=place, top_k=of_top))])
            for place in range(classes)
            if not math.isnan(metrics[MetricKey(where, sub_key=SubKey(class_id=place, top_k=1))])
        ]
        return {average: float(np.mean(values)) if len(values) >= least else math.nan}

    return [DerivedMetricComputation(keys=[average], result=result)]
