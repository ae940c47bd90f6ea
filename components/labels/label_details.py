"""What the evaluation of a model that gives labels says beside the numbers that the gate decides on."""

from typing import Any

from components.gate.judgement import MODEL
from components.gate.slice_gaps import gap_details
from components.labels.label_summary import LabelSummary


def label_details(summary: LabelSummary, beside: str) -> dict[str, Any]:
    """Returns the model's numbers by label, its confusion and calibration, and slices.

    Args:
        summary: Of the test examples.
        beside: The baseline that stands beside the model in each slice.
    """
    return {
        "by_label": summary.by_label(MODEL),
        "confusion": summary.confusion(MODEL),
        "calibration": summary.calibration(MODEL),
        "slices": summary.slices(MODEL, beside),
        "slice_gaps": gap_details(summary.gaps(MODEL)),
    }
