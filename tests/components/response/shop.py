"""A small shop that shows offers, and the nodes of the task response run on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tfx.types import Artifact, standard_artifacts

from components.artifacts import Catalogue, Quarantine, RankingEvaluation
from components.response.examples.node import ResponseExamplesExecutor
from components.response.examples.options import ResponseExamplesOptions
from components.response.judging.evaluator import ResponseEvaluatorExecutor
from components.response.judging.gate_options import ResponseGateOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.plain_artifacts import read_examples, table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import run_training
from trainer.response.options import ResponseNetworkOptions, ResponseOptions, ResponseTrainingOptions, UpliftOptions
from trainer.response.training import run

Row = dict[str, Any]

DAY = 86_400
START = 1_500_000_000 // DAY * DAY
DAYS = 100
PRODUCTS = ("牛奶", "a\nb", "tea", "coffee")
OFFERS = ("milk week", "tea & coffee", "bread/ブレッド", "never shown")
OF_OFFER = ({"牛奶"}, {"tea", "coffee"}, {"a\nb"}, {"tea"})
OPTIONS = ResponseExamplesOptions(
    outcomes=("clicked", "redeemed"),
    event_types=("view", "purchase"),
    history_length=16,
    shown_length=8,
    user_features=("city",),
    impression_numbers=("screen",),
    impression_categories=("device",),
    offer_categories=("kind",),
    time_zone="Europe/Berlin",
    max_unknown_product_fraction=0.2,
    max_bad_fraction=0.01,
)
SPLITS = ("train", "eval", "test")


def offers() -> list[Row]:
    """Offers of some products, one of which is never shown."""
    return [
        {
            "offer_id": offer,
            "text": f"{offer} is on",
            "products": json.dumps(sorted(products)) if place else "|".join(sorted(products)),
            "discount": 0.1 * place,
            "start": START + 10 * DAY * place,
            "end": START + (200 + place) * DAY,
            "kind": "drinks" if place in (1, 3) else "food",
        }
        for place, (offer, products) in enumerate(zip(OFFERS, OF_OFFER, strict=True))
    ]


def events(users: int = 60, seed: int = 0) -> list[Row]:
    """Users who buy one or two products again and again."""
    random = np.random.default_rng(seed)
    return [
        {
            "user_id": f"user {user}",
            "product_id": PRODUCTS[(user + int(random.integers(2))) % 4],
            "event_type": "purchase" if random.uniform() < 0.7 else "view",
            "timestamp": START + int(random.integers(DAYS * DAY)),
        }
        for user in range(users)
        for _ in range(12)
    ]


def impressions(users: int = 60, seed: int = 1) -> list[Row]:
    """Users click what they buy, more often at the top; a few impressions are of nobody who is known."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for user in range(users):
        for _ in range(12):
            offer = int(random.integers(3))
            position = int(random.integers(1, 4))
            likes = {PRODUCTS[user % 4], PRODUCTS[(user + 1) % 4]}
            chance = (0.75 if likes & OF_OFFER[offer] else 0.08) * (1.2 if position == 1 else 0.8)
            clicked = bool(random.uniform() < chance)
            shown_at = START + int(random.integers(DAYS * DAY))
            rows.append(
                {
                    "user_id": None if user == users - 1 else f"user {user}",
                    "offer_id": OFFERS[offer],
                    "shown_at": shown_at,
                    "campaign_id": f"campaign {int(random.integers(3))}",
                    "placement": "top" if position == 1 else "side",
                    "position": position,
                    "device": str(random.choice(["phone", "desk"])),
                    "screen": float(np.float32(random.uniform(4, 30))),
                    "clicked": int(clicked),
                    "redeemed": int(clicked and random.uniform() < 0.5),
                    "responded_at": shown_at + int(random.integers(DAY)) if clicked else None,
                }
            )
    return rows


def users(count: int = 60) -> list[Row]:
    """The users table, in which some are missing."""
    return [{"user_id": f"user {user}", "city": f"city {user % 3}"} for user in range(count - 5)]


@dataclass(frozen=True)
class ExamplesRun:
    """What ResponseExamples left."""

    outputs: dict[str, Artifact]

    def facts(self) -> dict[str, Any]:
        """The content of catalogue.json."""
        facts: dict[str, Any] = json.loads((Path(self.outputs["catalogue"].uri) / "catalogue.json").read_text())
        return facts

    def split(self, name: str) -> list[Row]:
        """The examples of a split as plain lists; none where it has no file."""
        return read_examples(Path(self.outputs["examples"].uri) / f"Split-{name}")


def tables(rows: Sequence[Row], **others: Sequence[Row] | None) -> dict[str, Sequence[Row]]:
    """All tables of the shop, with these impressions; `None` leaves one out."""
    found: Mapping[str, Sequence[Row] | None] = {
        "impressions": rows,
        "offers": offers(),
        "events": events(),
        "products": [{"product_id": product, "title": product} for product in PRODUCTS],
        "users": users(),
        **others,
    }
    return {name: table for name, table in found.items() if table is not None}


def run_examples(
    folder: Path,
    given: Mapping[str, Sequence[Row]],
    options: ResponseExamplesOptions = OPTIONS,
    offer_vectors: Artifact | None = None,
) -> ExamplesRun:
    """Writes tables and runs what turns them into examples."""
    inputs = {name: [table_artifact(folder / name, list(table), 2)] for name, table in given.items()}
    if offer_vectors is not None:
        inputs["offer_vectors"] = [offer_vectors]
    kinds = {"examples": standard_artifacts.Examples, "catalogue": Catalogue, "quarantine": Quarantine}
    outputs = {name: artifact(kind, folder / "out" / name) for name, kind in kinds.items()}
    ResponseExamplesExecutor(beam_context(folder)).Do(
        inputs,
        {name: [each] for name, each in outputs.items()},
        {"options_json": options.model_dump_json(), "user_id_key": "", "source_digest": "any"},
    )
    return ExamplesRun(outputs)


def train(folder: Path, made: ExamplesRun, uplift: UpliftOptions | None = None) -> Artifact:
    """Trains and exports; returns the model."""
    model = artifact(standard_artifacts.Model, folder / "model")
    options = ResponseOptions(
        network=ResponseNetworkOptions(networks=2, units=8, cross_layers=1, cross_rank=2, dropout=0.0),
        training=ResponseTrainingOptions(max_epochs=8, patience=8, learning_rate=2e-2, batch_size=64),
        uplift=uplift,
        offers_per_request=5,
        max_k=4,
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
    folder: Path, made: ExamplesRun, model: Artifact, options: ResponseGateOptions, last_blessed: str = ""
) -> tuple[dict[str, Any], Artifact]:
    """Runs ResponseEvaluator; returns evaluation.json and the blessing."""
    evaluation = artifact(RankingEvaluation, folder / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    ResponseEvaluatorExecutor(beam_context(folder)).Do(
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
