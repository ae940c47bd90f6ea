"""Judged texts to metrics, differences with intervals, and what was refused."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.gate.judgement import Differences, Metrics
from components.gate.paired_differences import paired_differences
from components.writing.judging.gate_options import CHRF, WritingEvaluatorOptions
from components.writing.judging.judge import FACTS, METRICS, REASON, SUPPORTED, TEXT, WHAT

_SHOWN = 5


class WritingSummary:
    """Aggregates what was judged.

    Args:
        judged: Rows with `judged_schema`, in any order.
        options: The resampling.
    """

    def __init__(self, judged: pa.Table, options: WritingEvaluatorOptions) -> None:
        # Sorted by content, so that nothing depends on the order in which Beam wrote them.
        self._judged = judged.sort_by([(name, "ascending") for name in judged.column_names])
        self._options = options

    def counts(self) -> dict[str, int]:
        """Returns the number of texts, by the name `test`."""
        return {"test": len(self._judged)}

    def metrics(self, system: str) -> Metrics:
        """Returns the metrics of a system; None where one is not defined."""
        return {name: _mean(self._judged[f"{system}.{name}"]) for name in METRICS}

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's metrics minus each other system's."""
        found: dict[str, Differences] = {other: {} for other in others}
        # Texts of the shop's own are what chrF is over, and all texts what the others are.
        own = self._judged.filter(pc.invert(pc.is_nan(self._judged[f"{system}.{CHRF}"])))
        for names, rows in (([name for name in METRICS if name != CHRF], self._judged), ([CHRF], own)):
            if not len(rows):
                continue
            resampling = {"seed": self._options.seed, "resamples": self._options.resamples}
            for other, differences in paired_differences(rows, system, others, names, **resampling).items():
                found[other] |= differences
        return found

    def refusals(self) -> list[str]:
        """Returns why the model is refused for what it gives out."""
        wrong = self._judged.filter(pc.invert(self._judged[SUPPORTED]))
        if not len(wrong):
            return []
        return [f"{len(wrong)} of {len(self._judged)} texts say what their facts do not, such as {wrong[TEXT][0]}."]

    def reasons(self) -> dict[str, int]:
        """Returns how many texts of the language model did not pass, by the beginning of the reason."""
        found = Counter(reason.split(":")[0] for reason in self._judged[REASON].to_pylist() if reason)
        return dict(sorted(found.items()))

    def shown(self) -> list[dict[str, Any]]:
        """Returns some texts with what they were made of."""
        return self._judged.select([WHAT, FACTS, TEXT, REASON]).slice(0, _SHOWN).to_pylist()


def _mean(values: pa.ChunkedArray) -> float | None:
    numbers = values.to_numpy()
    known = numbers[~np.isnan(numbers)]
    return float(known.mean()) if len(known) else None
