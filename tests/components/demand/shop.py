"""A small shop whose products sell evenly, more in weeks with a display, and the nodes of demand run on it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from tfx.types import Artifact, standard_artifacts

from components.artifacts import Catalogue, DemandEvaluation, DemandPlan, Quarantine
from components.demand.judging.evaluator import DemandEvaluatorExecutor
from components.demand.judging.options import DemandGateOptions
from components.demand.planning.node import DemandPlannerExecutor
from components.demand.planning.options import StockOptions
from components.demand.series.node import DemandExamplesExecutor
from components.demand.series.options import DemandSeriesOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.plain_artifacts import table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.demand.options import DemandNetworkOptions, DemandOptions, DemandTrainingOptions
from trainer.demand.run import run
from trainer.demand.series_files import StoredSeries, load_series
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import run_training

DAY, WEEK = 86_400, 7 * 86_400
ZONE = "Europe/Berlin"
# A Monday at midnight in the shop.
FIRST = datetime(2025, 1, 6, tzinfo=ZoneInfo(ZONE))
START = int(FIRST.timestamp())
WEEKS, PRODUCTS = 36, 24
OPTIONS = DemandSeriesOptions(
    horizon=4, history_weeks=12, test_weeks=4, category_levels=1, time_zone=ZONE, max_unknown_product_fraction=0.2
)
TRAINING = DemandOptions(
    horizon=4,
    history_weeks=12,
    network=DemandNetworkOptions(width=16, lift_width=8, text_width=4, dropout=0.1, members=1),
    training=DemandTrainingOptions(epochs=12, least_steps=0, batch_size=64, learning_rate=1e-2, unknown_products=0.1),
)
GATE = DemandGateOptions(
    baselines=("last_week", "median_of_8", "gradient_boosting"), baseline_margins={"wape": 0.2}, coverage_90=(0.5, 1.0)
)

Row = dict[str, Any]


def monday(week: int) -> int:
    """The begin of a week on the clocks of the shop, which go forward in March."""
    return int((FIRST + timedelta(weeks=week)).timestamp())


def products() -> list[Row]:
    """Products with odd ids in two categories; the last one was never bought."""
    rows: list[Row] = [
        {"product_id": f"{n}\n茶", "title": f"tea {n}", "category": f"{('Tea', 'Cups')[n % 2]} > {n % 4}", "price": 4.0}
        for n in range(PRODUCTS)
    ]
    return [*rows, {"product_id": "never", "title": "tea 99", "category": "Tea"}]


def promotions() -> list[Row]:
    """A week with a display for each product every sixth week, the coming ones too."""
    return [
        {
            "product_id": f"{n}\n茶",
            "start": monday(week),
            "end": monday(week + 1),
            "placement": "display",
            "discount": 0.25,
        }
        for n in range(PRODUCTS)
        for week in range(WEEKS + 4)
        if (week + n) % 6 == 0
    ]


def stock() -> list[Row]:
    """What is in stock; product 1 was out of it in week 10."""
    rows: list[Row] = [
        {"product_id": f"{n}\n茶", "on_hand": float(3 * n), "lead_time_days": 7.0, "pack_size": 6.0, "unit_cost": 2.5}
        for n in range(PRODUCTS)
    ]
    return [*rows, {"product_id": "1\n茶", "date": START + 10 * WEEK + DAY, "in_stock": 0}]


def events(seed: int = 0) -> list[Row]:
    """Purchases: some 2 to 12 a week, three times as many in weeks with a display; and views, which do not count."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for week in range(WEEKS):
        for n in range(PRODUCTS):
            shown = (week + n) % 6 == 0
            wanted = random.poisson((2 + n % 11) * (3 if shown else 1))
            for piece in range(int(wanted)):
                rows.append(
                    {
                        "user_id": f"user {piece}",
                        "product_id": f"{n}\n茶",
                        "event_type": "purchase",
                        "timestamp": START + week * WEEK + int(random.integers(0, WEEK - 3600)),
                        "quantity": 1.0,
                        "price": 3.0 if shown else 4.0,
                        "store_id": f"store {piece % 2}",
                    }
                )
        rows.append(
            {
                "user_id": "looks",
                "product_id": "never",
                "event_type": "view",
                "timestamp": START + week * WEEK + (WEEK - 1 if week == WEEKS - 1 else 0),
            }
        )
    return rows


@dataclass(frozen=True)
class SeriesRun:
    """What DemandExamples left."""

    outputs: dict[str, Artifact]

    def facts(self) -> dict[str, Any]:
        """The content of catalogue.json."""
        facts: dict[str, Any] = json.loads((Path(self.outputs["catalogue"].uri) / "catalogue.json").read_text())
        return facts

    def stored(self) -> StoredSeries:
        """The series."""
        return load_series(self.outputs["examples"].uri, self.outputs["catalogue"].uri)

    def units(self) -> dict[tuple[str, str], list[float]]:
        """The weekly units by product and store, or by "category" and its name."""
        stored = self.stored()
        keys = [
            (stored.product_ids[row], stored.store_ids[row])
            if stored.level[row] == "product"
            else ("category", stored.categories[row])
            for row in range(len(stored.level))
        ]
        return dict(zip(keys, stored.series.units.tolist(), strict=True))


def run_examples(
    folder: Path,
    rows: Sequence[Row],
    options: DemandSeriesOptions = OPTIONS,
    *,
    product_rows: Sequence[Row] | None = None,
    promotion_rows: Sequence[Row] | None = None,
    stock_rows: Sequence[Row] | None = None,
) -> SeriesRun:
    """Writes tables and runs what turns them into series."""
    tables = {"events": rows, "products": product_rows, "promotions": promotion_rows, "stock": stock_rows}
    inputs = {name: [table_artifact(folder / name, list(t), 2)] for name, t in tables.items() if t is not None}
    kinds = {"examples": standard_artifacts.Examples, "catalogue": Catalogue, "quarantine": Quarantine}
    outputs = {name: artifact(kind, folder / "out" / name) for name, kind in kinds.items()}
    DemandExamplesExecutor(beam_context(folder)).Do(
        inputs,
        {name: [each] for name, each in outputs.items()},
        {"options_json": options.model_dump_json(), "user_id_key": "", "source_digest": "any"},
    )
    return SeriesRun(outputs)


def train(folder: Path, made: SeriesRun, options: DemandOptions = TRAINING) -> Artifact:
    """Trains and exports; returns the model."""
    model = artifact(standard_artifacts.Model, folder / "model")
    request = TrainingRequest(
        examples_uri=made.outputs["examples"].uri,
        catalogue_uri=made.outputs["catalogue"].uri,
        options_json=options.model_dump_json(),
        seed=0,
        model_uri=model.uri,
        log_uri=str(folder / "log"),
    )
    run_training(run, request)
    return model


def evaluate(
    folder: Path, made: SeriesRun, model: Artifact, options: DemandGateOptions = GATE, last_blessed: str = ""
) -> tuple[dict[str, Any], Artifact]:
    """Runs DemandEvaluator; returns evaluation.json and the blessing."""
    evaluation = artifact(DemandEvaluation, folder / "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    DemandEvaluatorExecutor(beam_context(folder)).Do(
        _of_series(made, model),
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "options_json": options.model_dump_json(),
            "thresholds": "",
            "last_blessed": last_blessed,
            "source_digest": "any",
        },
    )
    return json.loads((Path(evaluation.uri) / "evaluation.json").read_text()), blessing


def plan(folder: Path, made: SeriesRun, model: Artifact, options: StockOptions = StockOptions()) -> Path:  # noqa: B008
    """Runs DemandPlanner; returns the folder of what it wrote."""
    written = artifact(DemandPlan, folder / "plan")
    DemandPlannerExecutor(beam_context(folder)).Do(
        _of_series(made, model),
        {"plan": [written]},
        {"options_json": options.model_dump_json(), "source_digest": "any"},
    )
    return Path(written.uri)


def _of_series(made: SeriesRun, model: Artifact) -> dict[str, list[Artifact]]:
    return {"examples": [made.outputs["examples"]], "catalogue": [made.outputs["catalogue"]], "model": [model]}
