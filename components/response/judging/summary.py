"""Probabilities of test impressions to metrics, differences with intervals, and what they say of each offer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.gate.judgement import Differences, Metrics
from components.response.judging.gate_options import AUC, EXPLAINED_ENTROPY, ResponseGateOptions
from trainer.metrics.bootstrap import Interval, bootstrap_intervals
from trainer.response.measures import area_under_curve, calibration_error, log_loss, normalised_entropy

OUTCOME, ITEM = "outcome", "item"
_BINS, _MOST_ITEMS = 10, 20

Floats = npt.NDArray[np.float64]


def judged_schema(systems: Sequence[str]) -> pa.Schema:
    """Returns the columns of judged impressions: the item, whether it happened, and each system's probability."""
    return pa.schema([(ITEM, pa.binary()), (OUTCOME, pa.float32()), *((name, pa.float32()) for name in systems)])


class ResponseSummary:
    """Aggregates what was judged; holds a number an impression and system in memory.

    Args:
        judged: Rows with `judged_schema`, in any order.
        options: The resampling.
    """

    def __init__(self, judged: pa.Table, options: ResponseGateOptions) -> None:
        # Sorted by content, so that nothing depends on the order in which Beam wrote them.
        self._judged = judged.sort_by([(name, "ascending") for name in judged.column_names])
        self._options = options
        self._happened: Floats = self._judged[OUTCOME].to_numpy().astype(np.float64)

    def counts(self) -> dict[str, int]:
        """Returns the number of impressions, by the name `test`."""
        return {"test": len(self._judged)}

    def metrics(self, system: str) -> Metrics:
        """Returns the metrics of a system; None where one is not defined."""
        probabilities = self._of(system)
        entropy = normalised_entropy(probabilities, self._happened) if len(probabilities) else float("nan")
        found = {
            AUC: area_under_curve(probabilities, self._happened),
            "normalised_entropy": entropy,
            EXPLAINED_ENTROPY: 1.0 - entropy,
            "calibration_error": calibration_error(probabilities, self._happened),
        }
        return {name: None if np.isnan(value) else value for name, value in found.items()}

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's explained entropy minus each other system's."""
        rate = float(self._happened.mean()) if len(self._happened) else 0.0
        if rate in (0.0, 1.0) or not others:
            return {other: {} for other in others}
        entropy = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
        own = log_loss(self._of(system), self._happened)
        columns = np.stack([log_loss(self._of(other), self._happened) - own for other in others], axis=1) / entropy
        intervals = bootstrap_intervals(columns, self._options.seed, self._options.resamples)
        return {other: {EXPLAINED_ENTROPY: _bounds(each)} for other, each in zip(others, intervals, strict=True)}

    def calibration(self, system: str) -> list[dict[str, float]]:
        """Returns the mean probability, the rate and the size of each tenth of the impressions, by probability."""
        probabilities = self._of(system)
        order = np.argsort(probabilities, kind="stable")
        return [
            {
                "probability": float(probabilities[rows].mean()),
                "rate": float(self._happened[rows].mean()),
                "impressions": len(rows),
            }
            for rows in np.array_split(order, _BINS)
            if len(rows)
        ]

    def by_item(self, system: str, texts: Mapping[bytes, bytes]) -> list[dict[str, Any]]:
        """Returns impressions, rate and mean probability of the items that were shown most.

        Args:
            system: Whose probability.
            texts: What each item says, by its id.
        """
        items, place = np.unique(np.array(self._judged[ITEM].to_pylist(), object), return_inverse=True)
        counts = np.bincount(place, minlength=len(items))
        rates = np.bincount(place, weights=self._happened, minlength=len(items)) / np.maximum(counts, 1)
        means = np.bincount(place, weights=self._of(system), minlength=len(items)) / np.maximum(counts, 1)
        return [
            {
                "item": items[index].decode("utf-8", "replace"),
                "text": texts.get(items[index], b"").decode("utf-8", "replace"),
                "impressions": int(counts[index]),
                "rate": float(rates[index]),
                "probability": float(means[index]),
            }
            for index in np.argsort(-counts, kind="stable")[:_MOST_ITEMS]
        ]

    def _of(self, system: str) -> Floats:
        return np.asarray(self._judged[system].to_numpy(), np.float64)


def _bounds(interval: Interval) -> Metrics:
    return {name: None if np.isnan(value) else value for name, value in interval._asdict().items()}
