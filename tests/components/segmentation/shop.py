"""A small shop whose users keep to what they spend, and the nodes of segmentation run on it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tfx.types import Artifact, standard_artifacts

from components.artifacts import Catalogue, ClassificationEvaluation, Labels, Quarantine
from components.segmentation.examples.node import SegmentationExamplesExecutor
from components.segmentation.examples.options import SegmentationExamplesOptions, SegmentOptions
from components.segmentation.judging.evaluator import SegmentationEvaluatorExecutor
from components.segmentation.judging.gate_options import SegmentationGateOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.plain_artifacts import read_examples, table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import run_training
from trainer.options import TextOptions
from trainer.segmentation.options import SegmentationOptions, SegmentHeadOptions, SegmentTrainingOptions
from trainer.segmentation.training import run

DAY = 86_400
START = 1_500_000_000 // 3600 * 3600
DAYS = 80
PERIOD = 10
SEGMENTS = SegmentOptions(period_days=PERIOD, active_days=20, windows=3, step_days=10, eval_fraction=0.25)
OPTIONS = SegmentationExamplesOptions(segments=SEGMENTS, history_length=16, areas=2, event_types=("view", "purchase"))
SPLITS = ("train", "eval", "test", "current")

Row = dict[str, Any]


def products() -> list[Row]:
    """Products with odd ids, some without a category or a price."""
    rows: list[Row] = [
        {"product_id": "牛奶", "title": "milk", "category": "Food > Dairy > Milk", "price": 2.0},
        {"product_id": "a\nb", "title": "bread", "category": "Food > Bread"},
        {"product_id": "tea", "title": "tea", "category": "Drinks > Tea", "price": 5.0},
        {"product_id": "never", "title": "apple", "category": "Garden"},
        {"product_id": "plain", "title": "coffee"},
    ]
    return rows


def events(users: int = 60, seed: int = 0) -> list[Row]:
    """Users who buy every few days for what they always spend; some stop halfway, some only look."""
    random = np.random.default_rng(seed)
    ids = [row["product_id"] for row in products() if row["product_id"] != "never"]
    rows: list[Row] = []
    for user in range(users):
        level = (1.0, 5.0, 25.0)[user % 3]
        end = DAYS // 2 if user % 7 == 0 else DAYS
        day = float(random.uniform(0, 5))
        while day < end:
            bought = user % 10 != 9 and random.uniform() < 0.8
            row: Row = {
                "user_id": f"user {user}",
                "product_id": str(random.choice(ids)),
                "event_type": "purchase" if bought else "view",
                "timestamp": START + int(day * DAY),
                "basket_id": f"{user} {int(day)}",
            }
            if bought and random.uniform() < 0.95:
                row |= {"quantity": 2.0, "price": float(np.float32(level * random.uniform(0.8, 1.2)))}
            rows.append(row)
            day += float(random.uniform(0.0, 4.0))
    return rows


def users(rows: Sequence[Row], segments: bool = False) -> list[Row]:
    """The users table; by name and number, or with a segment that the events tell."""
    names = sorted({row["user_id"] for row in rows})
    table: list[Row] = [{"user_id": name, "shop": f"shop {len(name) % 2}"} for name in names]
    if segments:
        for row in table:
            row["segment"] = ("small", "middle", "big/大")[int(row["user_id"].split()[1]) % 3]
    return table


@dataclass(frozen=True)
class ExamplesRun:
    """What SegmentationExamples left."""

    outputs: dict[str, Artifact]

    def facts(self) -> dict[str, Any]:
        """The content of labels.json."""
        facts: dict[str, Any] = json.loads((Path(self.outputs["labels"].uri) / "labels.json").read_text())
        return facts

    def split(self, name: str) -> list[Row]:
        """The examples of a split as plain lists."""
        return read_examples(Path(self.outputs["examples"].uri) / f"Split-{name}")


def run_examples(
    folder: Path,
    rows: Sequence[Row],
    user_rows: Sequence[Row] | None = None,
    options: SegmentationExamplesOptions = OPTIONS,
    *,
    with_products: bool = True,
    earlier_labels: str = "",
) -> ExamplesRun:
    """Writes tables and runs what turns them into examples."""
    tables = {"events": list(rows), "products": products() if with_products else None, "users": user_rows}
    inputs = {name: [table_artifact(folder / name, list(t), 2)] for name, t in tables.items() if t is not None}
    kinds = {
        "examples": standard_artifacts.Examples,
        "catalogue": Catalogue,
        "labels": Labels,
        "quarantine": Quarantine,
    }
    outputs = {name: artifact(kind, folder / "out" / name) for name, kind in kinds.items()}
    SegmentationExamplesExecutor(beam_context(folder)).Do(
        inputs,
        {name: [each] for name, each in outputs.items()},
        {
            "options_json": options.model_dump_json(),
            "user_id_key": "",
            "seed": 0,
            "earlier_labels": earlier_labels,
            "source_digest": "any",
        },
    )
    return ExamplesRun(outputs)


def train(folder: Path, run_: ExamplesRun, tiny_bert: Path) -> Artifact:
    """Trains and exports; returns the model."""
    model = artifact(standard_artifacts.Model, folder / "model")
    options = SegmentationOptions(
        text=TextOptions(backbone=str(tiny_bert), training="frozen", sequence_length=24),
        head=SegmentHeadOptions(units=8, dropout=0.0),
        training=SegmentTrainingOptions(max_epochs=12, patience=12, learning_rate=2e-2, batch_size=16),
        history_length=OPTIONS.history_length,
    )
    run_training(
        run,
        TrainingRequest(
            examples_uri=run_.outputs["examples"].uri,
            catalogue_uri=run_.outputs["catalogue"].uri,
            labels_uri=run_.outputs["labels"].uri,
            options_json=options.model_dump_json(),
            seed=0,
            model_uri=model.uri,
            log_uri=str(folder / "log"),
        ),
    )
    return model


def evaluate(
    folder: Path, run_: ExamplesRun, model: Artifact, options: SegmentationGateOptions, last_blessed: str = ""
) -> tuple[dict[str, Any], Artifact]:
    """Runs SegmentationEvaluator; returns evaluation.json and the blessing."""
    evaluation = artifact(ClassificationEvaluation, folder / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    SegmentationEvaluatorExecutor(beam_context(folder)).Do(
        {"examples": [run_.outputs["examples"]], "labels": [run_.outputs["labels"]], "model": [model]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "options_json": options.model_dump_json(),
            "slice_columns": '["shop"]',
            "thresholds": "",
            "last_blessed": last_blessed,
            "source_digest": "any",
        },
    )
    return json.loads((Path(evaluation.uri) / "evaluation.json").read_text()), blessing


def inputs_of(rows: Sequence[Row], width: int = OPTIONS.history_length) -> dict[str, tf.Tensor]:
    """The histories of examples as the served model takes them."""
    ids, types = (np.full((len(rows), width), b"", object) for _ in range(2))
    ages = np.zeros((len(rows), width), np.float32)
    for place, row in enumerate(rows):
        events_ = len(row["history_ids"])
        ids[place, :events_], types[place, :events_] = row["history_ids"], row["history_types"]
        ages[place, :events_] = row["history_age_seconds"]
    return {
        "history_ids": tf.constant(ids, tf.string),
        "history_types": tf.constant(types, tf.string),
        "history_age_seconds": tf.constant(ages),
    }


def spends(rows: Sequence[Row], low: float, high: float) -> dict[str, float]:
    """What each user spends from one moment to before another."""
    found: dict[str, float] = {}
    for row in rows:
        if row["event_type"] == "purchase" and low <= row["timestamp"] < high:
            found[row["user_id"]] = found.get(row["user_id"], 0.0) + row.get("price", 0.0) * row.get("quantity", 1.0)
    return found


def buyers(rows: Sequence[Row], low: float, high: float) -> set[str]:
    """Who bought something from one moment to before another."""
    return {r["user_id"] for r in rows if r["event_type"] == "purchase" and low <= r["timestamp"] < high}
