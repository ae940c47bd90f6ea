"""Probabilities of test examples to metrics over all, by label and by slice."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.gate.judgement import Differences, Metrics
from components.gate.slice_gaps import LEAST_MEMBERS, SliceGap
from components.labels import measures
from components.labels.gate_rules import LabelGateRules
from components.labels.judged_labels import LABEL, probabilities_of
from components.labels.slices import slice_name
from trainer.metrics.gaps import macro_f1_gap, share_gap

_GAP_METRICS = ("accuracy", "f1_macro")


class _Slice(NamedTuple):
    column: str
    value: str
    rows: npt.NDArray[np.bool_]

    @property
    def name(self) -> str:
        return slice_name(self.column, self.value)

    @property
    def size(self) -> int:
        return int(self.rows.sum())


class LabelSummary:
    """Aggregates what a `Judge` has found; holds it in memory, a number an example, label and system.

    Args:
        judged: Rows as `components.labels.judged_labels.judged_schema` describes them, in any order.
        labels: The label vocabulary.
        slice_columns: Columns to slice by.
        options: Thresholds of slices, and the resampling.
        counted: What the examples are, in the numbers of each slice.
    """

    def __init__(
        self,
        judged: pa.Table,
        labels: Sequence[str],
        slice_columns: Sequence[str],
        options: LabelGateRules,
        counted: str = "texts",
    ) -> None:
        self._labels, self._slice_columns, self._options = list(labels), tuple(slice_columns), options
        self._counted = counted
        # Sorted by content, so that nothing depends on the order in which Beam wrote them.
        probabilities = [name for name in judged.column_names if pa.types.is_list(judged.schema.field(name).type)]
        keys = {f"key {name}": pc.list_element(judged[name], 0) for name in probabilities}
        sortable = judged
        for name, column in keys.items():
            sortable = sortable.append_column(name, column)
        order = [name for name in sortable.column_names if name not in probabilities]
        self._judged = sortable.sort_by([(name, "ascending") for name in order])
        self._true = self._judged[LABEL].to_numpy()
        self.rows = len(self._judged)

    def counts(self) -> dict[str, int]:
        """Returns the number of test examples, by the name `test`."""
        return {"test": self.rows}

    def metrics(self, system: str) -> Metrics:
        """Returns the metrics of a system over all, by `components.labels.measures.METRICS`."""
        return measures.metrics(self._true, self._probabilities(system))

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's metrics minus each other system's over the same examples."""
        return {other: self._differences(system, other, np.ones(self.rows, np.bool_)) for other in others}

    def by_label(self, system: str) -> dict[str, dict[str, Any]]:
        """Returns precision, recall, F1, AUC and texts of each label."""
        return measures.by_label(self._labels, self._true, self._probabilities(system))

    def confusion(self, system: str) -> dict[str, Any]:
        """Returns `labels`, and `counts` of the examples of each label (row) that were given each label (column)."""
        return {"labels": self._labels, "counts": measures.confusion(self._true, self._probabilities(system))}

    def calibration(self, system: str) -> list[dict[str, float]]:
        """Returns what the reliability diagram of a system shows; see `measures.reliability`."""
        return measures.reliability(self._true, self._probabilities(system))

    def slices(self, system: str, other: str) -> dict[str, dict[str, Any]]:
        """Returns the examples, `metrics`, `baselines` and `differences` of each slice that is large enough."""
        own, others = self._probabilities(system), self._probabilities(other)
        return {
            each.name: {
                self._counted: each.size,
                "metrics": measures.metrics(self._true[each.rows], own[each.rows]),
                "baselines": {other: measures.metrics(self._true[each.rows], others[each.rows])},
                "differences": {other: self._differences(system, other, each.rows)},
            }
            for each in self._large_slices()
        }

    def slice_values(self) -> dict[str, list[str]]:
        """Returns the values of each slice column that make a slice that is large enough; empty stands for none."""
        values: dict[str, list[str]] = {column: [] for column in self._slice_columns}
        for each in self._large_slices():
            values[each.column].append(each.value)
        return values

    def gaps(self, system: str) -> list[SliceGap]:
        """Returns how far each slice lies from all others of its column, in `accuracy` and `f1_macro`.

        Slices have `components.gate.slice_gaps.LEAST_MEMBERS` examples or more, and so have the others.
        """
        found = self._probabilities(system).argmax(axis=1)
        classes, gaps = len(self._labels), []
        whole = _confusion(self._true, found, classes)
        for each in self._large_slices():
            own = _confusion(self._true[each.rows], found[each.rows], classes)
            others = whole - own
            if min(each.size, self.rows - each.size) < LEAST_MEMBERS:
                continue
            accuracy = share_gap(np.trace(own), each.size, np.trace(others), self.rows - each.size)
            of_metrics = (accuracy, macro_f1_gap(own, others, self._options.seed))
            gaps += [
                SliceGap(each.column, each.name, name, each.size, gap)
                for name, gap in zip(_GAP_METRICS, of_metrics, strict=True)
            ]
        return gaps

    def slice_refusals(self, system: str) -> list[str]:
        """Returns a sentence for each slice that lies below its threshold, or has one and no test example."""
        reasons = []
        probabilities = self._probabilities(system)
        slices = {each.name: each for each in self._slices()}
        for name, thresholds in self._options.slice_thresholds.items():
            each = slices.get(name)
            if each is None:
                reasons.append(f"The slice {name} has no test {self._counted}; what has a threshold must be tested.")
            elif each.size >= self._options.min_slice_rows:
                metrics = measures.metrics(self._true[each.rows], probabilities[each.rows])
                reasons += _below(name, metrics, thresholds)
        return reasons

    def slice_notes(self) -> list[str]:
        """Returns a sentence for each slice that has a threshold, but too few test examples to be judged by it."""
        least = self._options.min_slice_rows
        return [
            f"The slice {each.name} has too few test {self._counted} to be judged by its thresholds: {each.size}, and "
            f"they need {least}."
            for each in self._slices()
            if each.name in self._options.slice_thresholds and each.size < least
        ]

    def _differences(self, system: str, other: str, rows: npt.NDArray[np.bool_]) -> Differences:
        return measures.differences(
            self._true[rows],
            self._probabilities(system)[rows],
            self._probabilities(other)[rows],
            seed=self._options.seed,
            resamples=self._options.resamples,
        )

    def _probabilities(self, system: str) -> npt.NDArray[np.float32]:
        return probabilities_of(self._judged, system, len(self._labels))

    def _slices(self) -> Iterator[_Slice]:
        for column in self._slice_columns:
            values = np.array(self._judged[column].fill_null("").to_pylist(), dtype=object)
            for value in sorted(set(values)):
                yield _Slice(column, value, values == value)

    def _large_slices(self) -> Iterator[_Slice]:
        return (each for each in self._slices() if each.size >= self._options.min_slice_rows)


def _below(name: str, metrics: Metrics, thresholds: Mapping[str, float]) -> Iterator[str]:
    for metric, least in thresholds.items():
        value = metrics[metric]
        if value is None or value < least:
            shown = "not defined" if value is None else f"{value:.4f}"
            yield f"{metric} of the slice {name} is {shown}; it should be at least {least:.4f}."


def _confusion(true: npt.NDArray[np.int64], found: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    return np.bincount(true * classes + found, minlength=classes**2).reshape(classes, classes)
