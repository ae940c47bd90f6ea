"""Next-product ranking on sequences, leave-one-out: trains through the pipeline and writes a run file to be scored.

    python benchmarks/sequences.py --data FOLDER --out RUN.parquet

FOLDER holds `sequences.parquet` with the columns user_id, product_id and position, and maybe `attributes.parquet`
with product_id and attribute_ids, which the item tower then reads. RUN gets the columns user_id,
product_id and rank (1 is best): 20 products for each user, of those that the user did not have before the last one.
Needs two cores, 4 GiB, and for some 200,000 rows about half an hour.
"""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from components.recommendation.judging.served_ranking import ServedRanking
from components.recommendation.judging.user_products import bought_products
from tfx_pipeline.config.config import load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.amazon_sequences import ATTRIBUTE_NAMES
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.recommendation.judged_users import load_judged_users

CONFIG = Path(__file__).with_name("sequences.yaml")
RANKS = 20
USERS_AT_ONCE = 256


def main(
    data: Annotated[Path, typer.Option(help="Folder with sequences.parquet.")],
    out: Annotated[Path, typer.Option(help="Run file to write.")],
    root: Annotated[Path | None, typer.Option(help="Folder of the pipeline run; a temporary one if left out.")] = None,
    config: Annotated[Path, typer.Option(help="Configuration of the run.")] = CONFIG,
) -> None:
    """Trains on the sequences and writes what the model expects next."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = root or Path(temporary)
        rows = prepare_dataset("amazon_sequences", folder / "data", source=data, sample=1.0)
        copied = folder / "sequences.yaml"
        copied.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
        summary = run_pipeline(load_config(copied, _with_products(rows)), folder)
        print_summary(summary, folder)
        examples, catalogue, model = (
            latest_artifact(folder, *names)
            for names in (
                ("RecommendationExamples", "examples"),
                ("RecommendationExamples", "catalogue"),
                ("RecommendationIndex", "model"),
            )
        )
        pq.write_table(rank_all(str(examples), str(catalogue), str(model / "Format-Serving")), out)
    print(f"{out}: training took {summary['seconds']['RecommendationTrainer']:.0f} s")


def rank_all(examples_uri: str, catalogue_uri: str, model: str) -> pa.Table:
    """Returns user_id, product_id and rank for every user of the test split."""
    users = load_judged_users(examples_uri, "test")
    catalogue, description = load_catalogue(catalogue_uri), load_catalogue_facts(catalogue_uri)
    event_types, bought_type = description["event_types"], description["bought_event_type"]
    ranking = ServedRanking(model, catalogue["product_id"], event_types, bought_type)
    lists = []
    for start in range(0, len(users), USERS_AT_ONCE):
        batch = users.rows(start, start + USERS_AT_ONCE)
        lists.append(ranking.rank_novel(batch, RANKS, bought_products(batch, event_types.index(bought_type))))
    ranked = np.concatenate(lists)
    row, column = np.nonzero(ranked >= 0)
    return pa.table(
        {
            "user_id": pa.array(users.user_ids, pa.binary()).take(pa.array(row)).cast(pa.string()),
            "product_id": catalogue["product_id"].take(pa.array(ranked[row, column])),
            "rank": column + 1,
        }
    )


def _with_products(rows: dict[str, int]) -> list[str]:
    """Returns the settings that make a products table count, where the data have one."""
    if "products" not in rows:
        return []
    return ["tables.products=data/products.parquet", f"features.products.categorical=[{', '.join(ATTRIBUTE_NAMES)}]"]


if __name__ == "__main__":
    typer.run(main)
