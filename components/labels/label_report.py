"""What the evaluators of models that give labels decide by, and what they write."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.utils import io_utils

from components.gate.blessing import write_blessing
from components.gate.decision import Decision, JudgedBy, Judgement, decide, describe_last_blessed
from components.gate.rules import GateRules
from components.labels.judged_labels import LAST_BLESSED, MODEL
from components.labels.label_summary import LabelSummary


def write_label_evaluation(
    output_dict: Mapping[str, list[Artifact]],
    model: Artifact,
    summary: LabelSummary,
    options: GateRules,
    *,
    judged_by: JudgedBy,
    baselines: Sequence[str],
    beside: str,
    counted: Mapping[str, Any],
    last_blessed: str,
    last_blessed_error: str | None,
) -> None:
    """Decides, and writes `evaluation.json` and the blessing.

    Args:
        output_dict: Of an evaluator: `evaluation` and `blessing`.
        model: What was judged.
        summary: Of the test examples.
        options: What the model must reach.
        judged_by: What the examples are called in the gate's reasons.
        baselines: Systems that the model is compared with.
        beside: The one of them that stands beside the model in each slice.
        counted: How many test examples there are, under the name that the task has for them.
        last_blessed: Folder of the served model that was blessed last, or empty.
        last_blessed_error: Why it could not be judged, if it could not.
    """
    judged_last = bool(last_blessed) and last_blessed_error is None
    judgement = _judgement(summary, baselines, judged_by, with_last_blessed=judged_last)
    decision = decide(judgement, options).also(summary.slice_refusals(MODEL), summary.slice_notes())
    report = _report(summary, judgement, decision, counted=counted, beside=beside)
    if last_blessed:
        report["last_blessed"] = describe_last_blessed(last_blessed, last_blessed_error, judgement)
    path = f"{get_single_instance(output_dict['evaluation']).uri}/evaluation.json"
    io_utils.write_string_file(path, json.dumps(report, indent=1, ensure_ascii=False))
    write_blessing(get_single_instance(output_dict["blessing"]), model, decision)


def _judgement(
    summary: LabelSummary, baselines: Sequence[str], judged_by: JudgedBy, *, with_last_blessed: bool
) -> Judgement:
    return Judgement(
        metrics=summary.metrics(MODEL),
        baselines={name: summary.metrics(name) for name in baselines},
        differences={name: summary.differences(MODEL, name) for name in baselines},
        users={"test": summary.rows},
        judged_by=judged_by,
        last_blessed=summary.metrics(LAST_BLESSED) if with_last_blessed else None,
        last_blessed_differences=summary.differences(MODEL, LAST_BLESSED) if with_last_blessed else None,
    )


def _report(
    summary: LabelSummary, judgement: Judgement, decision: Decision, *, counted: Mapping[str, Any], beside: str
) -> dict[str, Any]:
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
