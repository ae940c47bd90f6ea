"""`evaluation.json`, which every evaluator writes by this code, and the blessing beside it."""

from collections.abc import Mapping
from typing import Any

from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance

from components.gate.blessing import write_blessing
from components.gate.decision import Decision
from components.gate.judgement import Judgement
from components.gate.last_blessed import LastBlessed
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import EVALUATION_FILE


def write_evaluation(
    output_dict: Mapping[str, list[Artifact]],
    model: Artifact,
    judgement: Judgement,
    decision: Decision,
    last_blessed: LastBlessed,
    details: Mapping[str, Any],
) -> None:
    """Writes what an evaluator has found and decided.

    The keys of `evaluation.json` that all tasks have: `metrics` by split, which is `test`, and name; `baselines` by
    baseline and name; `differences` by baseline and name: mean, low and high; `blessed`, `refused_because` and `notes`;
    and `last_blessed` where there is such a model: its `path`, and `metrics` and `differences`, or an `error`.

    Args:
        output_dict: Of an evaluator: `evaluation` and `blessing`.
        model: What was judged.
        judgement: The numbers.
        decision: What the gate decided on them.
        last_blessed: The model that it was compared with, if any.
        details: What the task's evaluation says beside that; anything that JSON can hold.
    """
    content = {
        "metrics": {"test": judgement.metrics},
        "baselines": judgement.baselines,
        "differences": judgement.differences,
        "blessed": decision.blessed,
        "refused_because": decision.refused_because,
        "notes": decision.notes,
        **details,
    }
    if last_blessed.path:
        content["last_blessed"] = last_blessed.describe(judgement)
    uri = get_single_instance(output_dict["evaluation"]).uri
    write_json(f"{uri}/{EVALUATION_FILE}", content)
    write_blessing(get_single_instance(output_dict["blessing"]), model, decision)


def read_evaluation(uri: str) -> dict[str, Any]:
    """Reads `evaluation.json` of an evaluation artifact."""
    content: dict[str, Any] = read_json(f"{uri}/{EVALUATION_FILE}")
    return content
