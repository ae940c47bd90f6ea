"""Online Retail by time: what customers buy next in the last month, ranked by our model and by three peers.

    python benchmarks/online_retail_next.py --data FOLDER [--implicit-python PATH_OF_A_PYTHON_WITH_IMPLICIT]

FOLDER holds `online_retail.parquet`, the lines of invoices without those of returns. Lines without a customer are left
out. The last 30 days are the test: whoever bought before and in them is asked for by all that they bought before, and
the products of their first invoice in them are what should be found, among all that were sold before. Popularity,
item-kNN (cosine over customers) and ALS of `implicit` learn from the same histories up to the test, and may show what a
customer bought before, as ours may. Without implicit its figure is left out. Needs two cores, 4 GiB and some ten
minutes.
"""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd
import typer
from scipy.sparse import csr_matrix, diags

from benchmarks.command_line import THIS_PYTHON, Configuration, NewRoot, Overrides
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.peer_process import PeerProcess, has_module
from benchmarks.pipeline_runs import run_beside_data, run_folder, served_model, training_seconds
from components.recommendation.judging.served_ranking import ServedRanking
from components.recommendation.judging.user_products import bought_products
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.metrics.ranking import highest, hit_matrix, ndcg_at_k
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users

CONFIG = Path(__file__).with_name("online_retail_next.yaml")
PEER = Path(__file__).parent / "peers" / "implicit_als.py"
K, TEST_DAYS, USERS_AT_ONCE = 10, 30, 256
# Each peer gets what is best on the test itself; None is all neighbours.
NEIGHBOURS = (20, 50, 100, 200, None)
FACTORS = (32, 64, 128, 256)
Lists = npt.NDArray[np.integer]


def main(
    data: Annotated[Path, typer.Option(help="Folder with online_retail.parquet.")],
    root: NewRoot = None,
    config: Configuration = CONFIG,
    implicit_python: Annotated[str, typer.Option(help="A Python interpreter with implicit.")] = THIS_PYTHON,
    overrides: Overrides = [],  # noqa: B006  Typer copies it.
) -> None:
    """Trains ours on the invoices before the last month, and judges it beside the peers."""
    print_machine("tensorflow")
    with run_folder(root) as folder:
        events = purchases(pd.read_parquet(data / "online_retail.parquet"))
        (folder / "data").mkdir(parents=True, exist_ok=True)
        events.to_parquet(folder / "data" / "events.parquet", index=False)
        test_start = int(events["timestamp"].max()) - TEST_DAYS * 86_400
        split = f"tasks.recommendation.split.test_start={test_start}"
        summary = run_beside_data(config.read_text(encoding="utf-8"), folder, [split, *overrides])
        print_summary(summary, folder)
        examples, catalogue_uri = (
            str(latest_artifact(folder, "RecommendationExamples", name)) for name in ("examples", "catalogue")
        )
        users, catalogue = load_judged_users(examples, "test"), load_catalogue(catalogue_uri)
        facts = load_catalogue_facts(catalogue_uri)
        model = str(served_model(folder, "RecommendationIndex"))
        ranking = ServedRanking(model, catalogue["product_id"], facts["event_types"], facts["bought_event_type"])
        batches = [users.rows(start, start + USERS_AT_ONCE) for start in range(0, len(users), USERS_AT_ONCE)]
        bought_type = facts["event_types"].index(facts["bought_event_type"])
        ours = np.concatenate([ranking.lists(each, K, bought_products(each, bought_type)).every for each in batches])
    bought = counts_before(events, test_start, users, catalogue["product_id"].to_pylist())
    history = bought[: len(users)]
    everyone = np.asarray(bought.sum(axis=0)).ravel()
    figures: dict[str, float | None] = {
        "ndcg_at_10": mean_ndcg(ours, users),
        "popularity_ndcg_at_10": mean_ndcg(highest(np.tile(everyone, (len(users), 1)), K), users),
        "item_knn_ndcg_at_10": max(mean_ndcg(item_knn(bought, history, count), users) for count in NEIGHBOURS),
        "als_ndcg_at_10": best_als(implicit_python, bought, users),
        "users": len(users),
        "training_seconds": training_seconds(summary, "RecommendationTrainer"),
    }
    print_figures(figures)


def purchases(lines: pd.DataFrame) -> pd.DataFrame:
    """Returns the events of customers that are known: user_id, product_id, event_type, timestamp and basket_id.

    Args:
        lines: InvoiceNo, StockCode, InvoiceDate (ISO 8601) and CustomerID (0 for none).
    """
    known = lines[lines["CustomerID"] != 0]
    moments = pd.to_datetime(known["InvoiceDate"]).astype("datetime64[s]").astype("int64")
    return pd.DataFrame(
        {
            "user_id": known["CustomerID"].astype(int).astype(str),
            "product_id": known["StockCode"].astype(str),
            "event_type": "purchase",
            "timestamp": moments,
            "basket_id": known["InvoiceNo"].astype(str),
        }
    )


def counts_before(events: pd.DataFrame, end: int, users: JudgedUsers, products: list[str]) -> csr_matrix:
    """Returns how often each user bought each product before `end`; first the judged users in their order.

    Returns:
        float32 `(users, products)`.
    """
    before = events[(events["timestamp"] < end) & events["product_id"].isin(products)]
    judged = [user.decode() for user in users.user_ids]
    order = [*judged, *sorted(set(before["user_id"]) - set(judged))]
    row = pd.Index(order).get_indexer(pd.Index(before["user_id"]))
    column = pd.Index(products).get_indexer(pd.Index(before["product_id"]))
    ones = np.ones(len(before), np.float32)
    return csr_matrix((ones, (row, column)), shape=(len(order), len(products)))


def item_knn(bought: csr_matrix, history: csr_matrix, neighbours: int | None) -> Lists:
    """Ranks by the sum of cosines to what a user bought, each weighed by log1p of how often (Sarwar et al., 2001)."""
    binary = (bought > 0).astype(np.float32)
    norms = np.sqrt(np.asarray(binary.sum(axis=0)).ravel())
    scaled = binary @ diags(1.0 / np.maximum(norms, 1.0))
    likeness = (scaled.T @ scaled).toarray()
    if neighbours is not None:
        least = -np.partition(-likeness, neighbours - 1, axis=1)[:, neighbours - 1 : neighbours]
        likeness = np.where(likeness >= least, likeness, 0.0)
    return highest(np.asarray(history.log1p() @ likeness), K)


def best_als(python: str, bought: csr_matrix, users: JudgedUsers) -> float | None:
    """Returns the NDCG@10 of implicit's ALS with the best number of factors, None where there is no implicit."""
    if not has_module(python, "implicit"):
        print(f"implicit is not installed for {python}: without ALS (--implicit-python names another interpreter).")
        return None
    with tempfile.TemporaryDirectory() as folder:
        data_file = Path(folder) / "bought.npz"
        parts = {"data": bought.data, "indices": bought.indices, "indptr": bought.indptr, "shape": bought.shape}
        np.savez(data_file, **parts)
        peer = PeerProcess(python, PEER, data_file, {"users": len(users), "k": K})
        found = [mean_ndcg(np.array(peer.ask(f"rank {factors}")["lists"]), users) for factors in FACTORS]
        peer.close()
    print(f"implicit {peer.version}: {dict(zip(FACTORS, found, strict=True))}")
    return max(found)


def mean_ndcg(lists: Lists, users: JudgedUsers) -> float:
    """Returns the mean NDCG@10 of one list a user."""
    hits = hit_matrix(lists, users.target_offsets, users.target_index)
    return float(np.nanmean(ndcg_at_k(hits, np.diff(users.target_offsets), K)))


if __name__ == "__main__":
    typer.run(main)
