"""Search over graded queries: trains through the pipeline and writes run files to be scored.

    python benchmarks/search_quality.py --data FOLDER --out DIR

FOLDER holds `products.parquet` with the columns product_id and title, and `judgements.parquet` with query, product_id,
relevance from 1 to 3, and split. Those of split `train` are learned from; every other query is answered. DIR gets
dense.parquet, lexical.parquet and hybrid.parquet with the columns query, product_id and rank (1 is best): 100 products
a query, of all there are.
"""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from tfx_pipeline.config.config import load_config
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.summary.run_artifacts import latest_artifact

CONFIG = Path(__file__).with_suffix(".yaml")
RANKS = 100
LOWEST_GRADE, HIGHEST_GRADE = 1.0, 3.0


def main(
    data: Annotated[Path, typer.Option(help="Folder with products.parquet and judgements.parquet.")],
    out: Annotated[Path, typer.Option(help="Folder of the run files.")],
    root: Annotated[Path | None, typer.Option(help="Folder of the pipeline run; a temporary one if left out.")] = None,
    config: Annotated[Path, typer.Option(help="Configuration of the run.")] = CONFIG,
) -> None:
    """Trains on the judgements and writes what each side of the model, and both together, find."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = root or Path(temporary)
        queries = prepare(data, folder / "data")
        copied = folder / config.name
        copied.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
        summary = run_pipeline(load_config(copied), folder)
        print_summary(summary, folder)
        write_runs(folder, queries, out)
    seconds = summary["seconds"]
    print(f"training took {seconds['SearchTrainer']:.0f} s, the whole pipeline {summary['total_seconds']:.0f} s")


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

    from components.search.judging.query_judge import DENSE, LEXICAL, filtered_ranking, rank_in_batches, side_rankings
    from trainer.artifacts.catalogue import load_catalogue

    catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")))
    model = latest_artifact(root, "SearchIndex", "model")
    index = {product_id.encode(): place for place, product_id in enumerate(catalogue["product_id"].to_pylist())}
    sides = side_rankings(tf.saved_model.load(str(model / "Comparison")), index)
    rankings = {"hybrid": filtered_ranking(tf.saved_model.load(str(model / "Format-Serving")), index), **sides}
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


if __name__ == "__main__":
    typer.run(main)
