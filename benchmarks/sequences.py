"""Next-product ranking on sequences, leave-one-out: trains through the pipeline and writes a run file to be scored.

    python benchmarks/sequences.py --data FOLDER --out RUN.parquet [--ids-alone]

FOLDER holds `sequences.parquet` with the columns user_id, product_id and position, and maybe `attributes.parquet`
with product_id and attribute_ids, which the item tower then reads, unless it is to learn from ids alone. RUN gets the
columns user_id, product_id and rank (1 is best): 20 products for each user, of those that the user did not have before
the last one.
Needs two cores, 4 GiB, and for some 200,000 rows about half an hour.
"""

import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.command_line import Configuration, NewRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data, run_folder, served_model, training_seconds
from components.recommendation.judging.served_ranking import ServedRanking
from components.recommendation.judging.user_products import bought_products
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.amazon_sequences import ATTRIBUTE_NAMES
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.recommendation.judged_users import load_judged_users

CONFIG = Path(__file__).with_name("sequences.yaml")
RANKS, K = 20, 10
USERS_AT_ONCE = 256


def main(
    data: Annotated[Path, typer.Option(help="Folder with sequences.parquet.")],
    out: Annotated[Path, typer.Option(help="Run file to write.")],
    root: NewRoot = None,
    config: Configuration = CONFIG,
    ids_alone: Annotated[bool, typer.Option("--ids-alone", help="Leaves attributes of products out.")] = False,
) -> None:
    """Trains on the sequences and writes what the model expects next."""
    print_machine("tensorflow")
    with run_folder(root) as folder:
        rows = prepare_dataset("amazon_sequences", folder / "data", source=data, sample=1.0)
        summary = run_beside_data(config.read_text(encoding="utf-8"), folder, [] if ids_alone else with_products(rows))
        print_summary(summary, folder)
        examples, catalogue = (
            str(latest_artifact(folder, "RecommendationExamples", name)) for name in ("examples", "catalogue")
        )
        run = rank_all(examples, catalogue, str(served_model(folder, "RecommendationIndex")))
        events = pq.read_table(folder / "data" / "events.parquet")
    pq.write_table(run, out)
    ranks = last_product_ranks(events, run)
    print_figures(
        {
            f"ndcg_at_{K}": float(np.where(ranks <= K, 1.0 / np.log2(ranks + 1.0), 0.0).mean()),
            f"hr_at_{K}": float((ranks <= K).mean()),
            "users": len(ranks),
            "training_seconds": training_seconds(summary, "RecommendationTrainer"),
            "total_seconds": summary.total_seconds,
        }
    )


def rank_all(examples_uri: str, catalogue_uri: str, model: str) -> pa.Table:
    """Returns user_id, product_id and rank for every user of the test split."""
    users = load_judged_users(examples_uri, "test")
    catalogue, description = load_catalogue(catalogue_uri), load_catalogue_facts(catalogue_uri)
    event_types, bought_type = description["event_types"], description["bought_event_type"]
    ranking = ServedRanking(model, catalogue["product_id"], event_types, bought_type)
    lists = []
    for start in range(0, len(users), USERS_AT_ONCE):
        batch = users.rows(start, start + USERS_AT_ONCE)
        bought = bought_products(batch, event_types.index(bought_type))
        lists.append(ranking.lists(batch, RANKS, bought).novel)
    ranked = np.concatenate(lists)
    row, column = np.nonzero(ranked >= 0)
    return pa.table(
        {
            "user_id": pa.array(users.user_ids, pa.binary()).take(pa.array(row)).cast(pa.string()),
            "product_id": catalogue["product_id"].take(pa.array(ranked[row, column])),
            "rank": column + 1,
        }
    )


def last_product_ranks(events: pa.Table, run: pa.Table) -> np.ndarray:
    """Returns at which rank the run has the last product of each user, float64 `(users,)`; infinite where it lacks it.

    Args:
        events: user_id, product_id and position.
        run: user_id, product_id and rank, without products that the user had before the last one.
    """
    ordered = events.sort_by([("user_id", "ascending"), ("position", "ascending")])
    last = dict(zip(ordered["user_id"].to_pylist(), ordered["product_id"].to_pylist(), strict=True))
    ranks = dict.fromkeys(last, np.inf)
    for row in run.to_pylist():
        if last.get(row["user_id"]) == row["product_id"]:
            ranks[row["user_id"]] = row["rank"]
    return np.array(list(ranks.values()), np.float64)


def with_products(rows: dict[str, int]) -> list[str]:
    """Returns the settings that make a products table count, where the data have one."""
    if "products" not in rows:
        return []
    return ["tables.products=data/products.parquet", f"features.products.categorical=[{', '.join(ATTRIBUTE_NAMES)}]"]


if __name__ == "__main__":
    typer.run(main)
