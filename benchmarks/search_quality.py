"""Search over graded queries: trains through the pipeline and writes run files to be scored.

    python benchmarks/search_quality.py --data FOLDER --out DIR [--without-judgements]

FOLDER holds `products.parquet` with the columns product_id and title, and `judgements.parquet` with query, product_id,
relevance from 1 to 3, and split. Those of split `train` are learned from; every other query is answered. DIR gets
dense.parquet, lexical.parquet and hybrid.parquet with the columns query, product_id and rank (1 is best): 100 products
a query, of all there are. The NDCG@10 of each, with binary gains, is of the queries of split `test` with a relevant
product: one with a mean grade of 2.33 or more. With `--without-judgements` the run sees products alone; the judgements
only judge.
"""

import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from benchmarks.command_line import Configuration, NewRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data, run_folder, served_model, training_seconds
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.summary.run_artifacts import latest_artifact

CONFIG = Path(__file__).with_suffix(".yaml")
RANKS = 100
LOWEST_GRADE, HIGHEST_GRADE, RELEVANT_GRADE = 1.0, 3.0, 2.33
K = 10


def main(
    data: Annotated[Path, typer.Option(help="Folder with products.parquet and judgements.parquet.")],
    out: Annotated[Path, typer.Option(help="Folder of the run files.")],
    root: NewRoot = None,
    config: Configuration = CONFIG,
    without_judgements: Annotated[bool, typer.Option(help="Learn from the products alone.")] = False,
) -> None:
    """Trains and writes what each side of the model, and both together, find."""
    print_machine("tensorflow")
    with run_folder(root) as folder:
        queries = prepare(data, folder / "data")
        alone = ["tables.judgements=null"] if without_judgements else []
        summary = run_beside_data(config.read_text(encoding="utf-8"), folder, alone)
        print_summary(summary, folder)
        write_runs(folder, queries, out)
    judgements = pq.read_table(data / "judgements.parquet")
    print_figures(
        {
            "ndcg_at_10": run_ndcg(judgements, out / "hybrid.parquet"),
            "lexical_ndcg_at_10": run_ndcg(judgements, out / "lexical.parquet"),
            "dense_ndcg_at_10": run_ndcg(judgements, out / "dense.parquet"),
            "training_seconds": training_seconds(summary, "SearchTrainer"),
            "total_seconds": summary.total_seconds,
        }
    )


def prepare(data: Path, folder: Path) -> list[str]:
    """Writes the tables, with grades from 0 to 1, and returns the queries that are not learned from."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pq.read_table(data / "products.parquet"), folder / "products.parquet")
    judgements = pq.read_table(data / "judgements.parquet")
    learned = pc.equal(judgements["split"], "train")
    grades = pc.divide(pc.subtract(judgements["relevance"], LOWEST_GRADE), HIGHEST_GRADE - LOWEST_GRADE)
    table = judgements.select(["query", "product_id"]).append_column("relevance", grades)
    pq.write_table(table.filter(learned), folder / "judgements.parquet")
    queries: list[str] = pc.unique(judgements["query"].filter(pc.invert(learned))).to_pylist()
    return queries


def write_runs(root: Path, queries: list[str], out: Path) -> None:
    """Writes one run file for each side and one for both."""
    import tensorflow as tf

    from components.search.judging.query_judge import DENSE, LEXICAL, rank_in_batches, served_ranking, side_rankings
    from trainer.artifacts.catalogue import load_catalogue

    catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")))
    comparison = latest_artifact(root, "SearchIndex", "model") / "Comparison"
    served = served_model(root, "SearchIndex")
    index = {product_id.encode(): place for place, product_id in enumerate(catalogue["product_id"].to_pylist())}
    sides = side_rankings(tf.saved_model.load(str(comparison)), index)
    rankings = {"hybrid": served_ranking(tf.saved_model.load(str(served)), index), **sides}
    out.mkdir(parents=True, exist_ok=True)
    for name in ("hybrid", DENSE, LEXICAL):
        ranked = rank_in_batches(rankings[name], queries, RANKS)
        row, column = np.nonzero(ranked >= 0)
        run = pa.table(
            {
                "query": pa.array(queries).take(pa.array(row)),
                "product_id": catalogue["product_id"].take(pa.array(ranked[row, column])),
                "rank": column + 1,
            }
        )
        pq.write_table(run, out / f"{name}.parquet")


def run_ndcg(judgements: pa.Table, run: Path) -> float | None:
    """Returns the mean NDCG@10 of a run file over the test queries that have a relevant product.

    A query that the run lacks counts as 0. None where no test query has a relevant product.
    """
    relevant = judgements.filter(
        pc.and_(pc.equal(judgements["split"], "test"), pc.greater_equal(judgements["relevance"], RELEVANT_GRADE))
    )
    wanted: dict[str, set[str]] = {}
    for row in relevant.select(["query", "product_id"]).to_pylist():
        wanted.setdefault(row["query"], set()).add(str(row["product_id"]))
    gains = dict.fromkeys(wanted, 0.0)
    for row in pq.read_table(run, filters=[("rank", "<=", K)]).to_pylist():
        if str(row["product_id"]) in wanted.get(row["query"], ()):
            gains[row["query"]] += 1.0 / np.log2(row["rank"] + 1)
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, K + 2)))
    scores = [gain / ideal[min(K, len(wanted[query])) - 1] for query, gain in gains.items()]
    return float(np.mean(scores)) if scores else None


if __name__ == "__main__":
    typer.run(main)
