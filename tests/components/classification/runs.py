"""Runs the nodes of classification on rows that a test gives."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tfx.types import Artifact, standard_artifacts

from components.artifacts import ClassificationEvaluation, Labels
from components.classification.examples.node import ClassificationExamplesExecutor
from components.classification.examples.options import ClassificationExamplesOptions
from components.classification.judging.evaluator import ClassificationEvaluatorExecutor
from components.classification.judging.gate_options import ClassificationGateOptions
from components.tables.contract import TableOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.table_runs import beam_context, run_table
from trainer.classification.examples import LabelledTexts, load_labelled_texts


@dataclass(frozen=True)
class ExamplesRun:
    """What ClassificationExamples left."""

    examples: Artifact
    labels: Artifact

    def facts(self) -> dict[str, Any]:
        """The content of labels.json."""
        facts: dict[str, Any] = json.loads((Path(self.labels.uri) / "labels.json").read_text())
        return facts

    def split(self, name: str) -> LabelledTexts:
        """The texts of a split."""
        return load_labelled_texts(self.examples.uri, name)

    def pairs(self, name: str) -> dict[str, str]:
        """The label of each text of a split."""
        texts, labels = self.split(name), self.facts()["labels"]
        return dict(zip(texts.texts, [labels[place] for place in texts.labels], strict=True))


def run_examples(
    folder: Path, rows: Sequence[dict[str, Any]], options: ClassificationExamplesOptions | None = None
) -> ExamplesRun:
    """Writes a table of texts and runs what turns it into examples."""
    options = options or ClassificationExamplesOptions()
    folder.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_json(folder / "texts.jsonl", orient="records", lines=True, force_ascii=False)
    extra = [*options.slice_columns, *([options.split.split_column] if options.split.split_column else [])]
    table = run_table(folder / "table", "texts", folder / "texts.jsonl", TableOptions(categorical_columns=tuple(extra)))
    run = ExamplesRun(artifact(standard_artifacts.Examples, folder / "examples"), artifact(Labels, folder / "labels"))
    ClassificationExamplesExecutor(beam_context(folder)).Do(
        {"texts": [table.examples]},
        {"examples": [run.examples], "labels": [run.labels]},
        {"options_json": options.model_dump_json(), "source_digest": "any"},
    )
    return run


def run_evaluator(
    folder: Path,
    examples: ExamplesRun,
    model: Artifact,
    options: ClassificationGateOptions,
    *,
    slice_columns: Sequence[str] = (),
    thresholds: str = "",
    last_blessed: str = "",
) -> tuple[dict[str, Any], Artifact]:
    """Runs ClassificationEvaluator; returns evaluation.json and the blessing."""
    evaluation = artifact(ClassificationEvaluation, folder / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    ClassificationEvaluatorExecutor(beam_context(folder)).Do(
        {"examples": [examples.examples], "labels": [examples.labels], "model": [model]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "options_json": options.model_dump_json(),
            "slice_columns": json.dumps(list(slice_columns)),
            "thresholds": thresholds,
            "last_blessed": last_blessed,
            "source_digest": "any",
        },
    )
    return json.loads((Path(evaluation.uri) / "evaluation.json").read_text()), blessing
