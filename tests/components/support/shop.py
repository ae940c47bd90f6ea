"""A small shop that answers questions, and the nodes of the task support run on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx.types import Artifact, standard_artifacts

from components.artifacts import Catalogue, RankingEvaluation
from components.support.examples.node import SupportExamplesExecutor
from components.support.examples.options import QuestionSplitOptions, SupportExamplesOptions
from components.support.judging.evaluator import SupportEvaluatorExecutor
from components.support.judging.gate_options import SupportEvaluatorOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.plain_artifacts import read_examples, table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import run_training
from trainer.options import TextOptions
from trainer.support.options import AnsweringOptions, PairTrainingOptions, SupportOptions
from trainer.support.training import run

Row = dict[str, Any]

ANSWERS = {
    "a milk": ("Milk is red. Milk is in the big bag.", "milk"),
    "b\nbread": ("Bread is green. Apple bread is small.", "bread_kind"),
    "c 茶": ("茶 is for kids. 12 oz.", "tea"),
    "d coffee": ("Coffee big red. Cereal small.", ""),
    "e product": ("The cheese of this product is green.", "cheese"),
    "f category": ("Apple is of this category.", "apple"),
}
WORDS = {
    "a milk": ("milk", "red milk", "big milk"),
    "b\nbread": ("bread", "green bread", "small bread"),
    "c 茶": ("茶", "tea", "牛 茶 tea"),
    "d coffee": ("coffee", "cereal coffee", "big coffee"),
    "e product": ("cheese", "green cheese", "small cheese"),
    "f category": ("apple", "red apple", "big apple"),
}
TAILS = ("a", "b", "c d", "e", "a e", "12", "oz")
PRODUCTS = (
    {
        "product_id": "p\n1",
        "title": "red cheese",
        "category": "food > cheese",
        "description": "Kids eat it with bread",
    },
    {"product_id": "牛奶", "title": "apple cereal", "category": "food > apple", "description": ""},
    {"product_id": "p3", "title": "tea", "category": "drinks", "description": "Tea for big kids."},
)
OPTIONS = SupportExamplesOptions(split=QuestionSplitOptions(eval_fraction=0.2, test_fraction=0.2))


def answers() -> list[Row]:
    """A row for each question, an answer without any, and one that says again what another says."""
    rows = [
        {
            "answer_id": answer_id,
            "text": f" {text} ",
            "question": f"{word} {tail}",
            "intent": intent or None,
            "product_id": "p\n1" if answer_id == "e product" else None,
            "category": "food > apple" if answer_id == "f category" else None,
        }
        for answer_id, (text, intent) in ANSWERS.items()
        for word in WORDS[answer_id]
        for tail in TAILS
    ]
    rows.append({"answer_id": "z again", "text": ANSWERS["a milk"][0], "question": "kids milk"})
    rows.append({"answer_id": "g alone", "text": "Nobody has asked for 12 oz."})
    return rows


def dialogues() -> list[Row]:
    """A talk of two turns each, one agent's turn of which is an answer."""
    said = [
        ("customer", "apple"),
        ("customer", "do you have milk"),
        ("agent", ANSWERS["a milk"][0]),
        ("customer", "and bread"),
        ("agent", "I do not know"),
        ("customer", "then tea"),
        ("agent", ANSWERS["c 茶"][0]),
    ]
    turns = [
        {"dialogue_id": "d1", "turn": turn, "speaker": each, "text": text} for turn, (each, text) in enumerate(said)
    ]
    return turns[::-1]


@dataclass(frozen=True)
class ExamplesRun:
    """What SupportExamples left."""

    outputs: dict[str, Artifact]

    def facts(self) -> dict[str, Any]:
        """The content of catalogue.json."""
        facts: dict[str, Any] = json.loads((Path(self.outputs["catalogue"].uri) / "catalogue.json").read_text())
        return facts

    def split(self, name: str) -> list[Row]:
        """The examples of a split as plain lists."""
        return read_examples(Path(self.outputs["examples"].uri) / f"Split-{name}")


def run_examples(
    folder: Path, given: Mapping[str, Sequence[Row]], options: SupportExamplesOptions = OPTIONS
) -> ExamplesRun:
    """Writes tables and runs what turns them into examples."""
    inputs = {name: [table_artifact(folder / name, list(table), 2)] for name, table in given.items()}
    kinds = {"examples": standard_artifacts.Examples, "catalogue": Catalogue}
    outputs = {name: artifact(kind, folder / "out" / name) for name, kind in kinds.items()}
    SupportExamplesExecutor(beam_context(folder)).Do(
        inputs,
        {name: [each] for name, each in outputs.items()},
        {"options_json": options.model_dump_json(), "source_digest": "any"},
    )
    return ExamplesRun(outputs)


def text_options(bert: Path) -> TextOptions:
    """The tiny BERT."""
    return TextOptions(backbone=str(bert), sequence_length=24, batch_size=16)


def train(folder: Path, made: ExamplesRun, bert: Path, **text: Any) -> Artifact:
    """Trains and exports; returns the model."""
    model = artifact(standard_artifacts.Model, folder / "model")
    options = SupportOptions(
        text=text_options(bert).model_copy(update=text),
        training=PairTrainingOptions(batch_size=16, max_epochs=2, min_pairs=50, hard_negatives=1, learning_rate=1e-3),
        answering=AnsweringOptions(max_wrong=0.3, wish_phrases=("do you have {}", "{}")),
    )
    run_training(
        run,
        TrainingRequest(
            examples_uri=made.outputs["examples"].uri,
            catalogue_uri=made.outputs["catalogue"].uri,
            options_json=options.model_dump_json(),
            seed=0,
            model_uri=model.uri,
            log_uri=str(folder / "log"),
        ),
    )
    return model


def evaluate(
    folder: Path, made: ExamplesRun, model: Artifact, options: SupportEvaluatorOptions, last_blessed: str = ""
) -> tuple[dict[str, Any], Artifact]:
    """Runs SupportEvaluator; returns evaluation.json and the blessing."""
    evaluation = artifact(RankingEvaluation, folder / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    SupportEvaluatorExecutor(beam_context(folder)).Do(
        {"examples": [made.outputs["examples"]], "catalogue": [made.outputs["catalogue"]], "model": [model]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "options_json": options.model_dump_json(),
            "thresholds": "",
            "last_blessed": last_blessed,
            "source_digest": "any",
        },
    )
    return json.loads((Path(evaluation.uri) / "evaluation.json").read_text()), blessing
