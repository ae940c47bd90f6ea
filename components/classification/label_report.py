"""What the evaluators of models that give labels decide by, and what they write."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.classification.judged_labels import LAST_BLESSED, MODEL
from components.classification.label_summary import LabelSummary
from components.ranking_gate import Decision, JudgedBy, Judgement


def label_judgement(
    summary: LabelSummary, baselines: Sequence[str], judged_by: JudgedBy, *, with_last_blessed: bool
) -> Judgement:
    """Returns the metrics that the gate decides by."""
    return Judgement(
        metrics=summary.metrics(MODEL),
        baselines={name: summary.metrics(name) for name in baselines},
        differences={name: summary.differences(MODEL, name) for name in baselines},
        users={"test": summary.rows},
        judged_by=judged_by,
        last_blessed=summary.metrics(LAST_BLESSED) if with_last_blessed else None,
        last_blessed_differences=summary.differences(MODEL, LAST_BLESSED) if with_last_blessed else None,
    )


def label_report(
    summary: LabelSummary, judgement: Judgement, decision: Decision, *, counted: Mapping[str, Any], beside: str
) -> dict[str, Any]:
    """Returns the content of `evaluation.json`, but for the last blessed model.

    Args:
        summary: Of the test examples.
        judgement: What the gate decided by.
        decision: What it decided.
        counted: How many test examples there are, under the name that the task has for them.
        beside: The baseline that stands beside the model in each slice.
    """
    return {
        "metrics": {"test": judgement.metrics},
        "baselines": judgement.baselines,
        "differences": judgement.differences,
        **counted,
        "by_label": summary.by_label(MODEL),
        "confusion": summary.confusion(MODEL),
        "calibration": summary.calibration(MODEL),
        "slices": summary.slices(MODEL, beside),
        "slice_gaps": summary.slice_gaps(MODEL),
        "blessed": decision.blessed,
        "refused_because": decision.refused_because,
        "notes": decision.notes,
    }
