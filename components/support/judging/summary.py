"""Judged questions to metrics, differences with intervals, and how much is wrong of how much is answered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import binomtest

from components.gate.judgement import MODEL, Differences, Metrics
from components.gate.paired_differences import paired_differences
from components.support.judging.gate_options import ACCURACY, ANSWERED, INTENTS, MRR, WRONG, SupportEvaluatorOptions
from components.support.judging.judge import CONFIDENCE, EXPECTED, GIVEN, INTENT, WISH

_POINTS, _WORST = 40, 10
_NO_CHANCE = 0.05


class SupportSummary:
    """Aggregates what was judged; holds a few numbers a question in memory.

    Args:
        judged: Rows with `judged_schema`, in any order.
        options: The resampling, and how much may be wrong.
    """

    def __init__(self, judged: pa.Table, options: SupportEvaluatorOptions) -> None:
        # Sorted by content, so that nothing depends on the order in which Beam wrote them.
        self._judged = judged.sort_by([(name, "ascending") for name in judged.column_names])
        self._options = options
        self._right = self._judged[f"{MODEL}.{ACCURACY}"].to_numpy() > 0.5
        self._given = self._judged[GIVEN].to_numpy(zero_copy_only=False).astype(np.bool_)

    def counts(self) -> dict[str, int]:
        """Returns the number of questions, by the name `test`."""
        return {"test": len(self._judged)}

    def metrics(self, system: str) -> Metrics:
        """Returns the metrics of a system; None where one is not defined."""
        found: Metrics = {
            name: float(np.mean(self._judged[f"{system}.{name}"].to_numpy())) if len(self._judged) else None
            for name in (ACCURACY, MRR)
        }
        if system == MODEL:
            known = self._judged[INTENT].drop_null().to_numpy(zero_copy_only=False)
            found |= {
                ANSWERED: float(self._given.mean()) if len(self._given) else None,
                WRONG: float(np.mean(~self._right[self._given])) if self._given.any() else None,
                INTENTS: float(np.mean(known)) if len(known) else None,
            }
        return found

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's metrics minus each other system's."""
        if not len(self._judged):
            return {other: {} for other in others}
        options = self._options
        return paired_differences(
            self._judged, system, others, (ACCURACY, MRR), seed=options.seed, resamples=options.resamples
        )

    def refusals(self) -> list[str]:
        """Returns why the model is refused for what it answers wrong: more than is allowed, and not by chance."""
        answered, wrong = int(self._given.sum()), int((~self._right[self._given]).sum())
        if not answered or wrong / answered <= self._options.max_wrong:
            return []
        if binomtest(wrong, answered, self._options.max_wrong, alternative="greater").pvalue >= _NO_CHANCE:
            return []
        return [
            f"{wrong} of {answered} answers that the model would have given are wrong, {wrong / answered:.1%}; it "
            f"should be at most {self._options.max_wrong:.1%}."
        ]

    def curve(self) -> list[dict[str, float]]:
        """Returns how much is wrong of how much is answered, as the threshold falls: some 40 points."""
        if not len(self._judged):
            return []
        confidence = self._judged[CONFIDENCE].to_numpy()
        order = np.argsort(-confidence, kind="stable")
        wrong = np.cumsum(~self._right[order]) / np.arange(1, len(order) + 1)
        places: npt.NDArray[np.int64] = np.unique(np.linspace(0, len(order) - 1, _POINTS).astype(np.int64))
        return [
            {
                "answered": float((place + 1) / len(order)),
                "wrong": float(wrong[place]),
                "confidence": float(confidence[order][place]),
            }
            for place in places
        ]

    def worst(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Returns the answers that test questions find worst, with how many there are and how many found it."""
        expected = self._judged[EXPECTED].to_numpy()
        rows = np.unique(expected)
        found = [
            {
                "answer": texts[row],
                "questions": int((expected == row).sum()),
                "right": int(self._right[expected == row].sum()),
                "answered": int(self._given[expected == row].sum()),
            }
            for row in rows
        ]
        return sorted(found, key=lambda each: (each["right"] / each["questions"], -each["questions"]))[:_WORST]

    def wishes(self) -> int:
        """Returns how many questions were taken for wishes."""
        return int(self._judged[WISH].to_numpy(zero_copy_only=False).sum())
