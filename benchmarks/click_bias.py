"""Search learned from clicks that the place decides: with and without the correction, beside learning from judgements.

    python benchmarks/click_bias.py --data ../shared/data [--root RUN] [--sessions 100]

`DATA/search_homedepot` holds `products.parquet` and `judgements.parquet`, as `search_quality.py` wants them. RUN is the
folder of a run of that script; without it, one is made. Each training query is asked `--sessions` times: twenty
products, those that were judged and others, in an order that changes from time to time. It is an old one that does no
good, as one by margin may be: the less relevant, the further up. Place k (from 1) is looked at with probability 1 / k,
and a product that is looked at is clicked with 0.1 + 0.9 of its relevance (both as Joachims, Swaminathan and Schnabel,
"Unbiased learning-to-rank with biased feedback", WSDM 2017, have them). Three encoders then learn, by the product's own
training: from the judgements; from the clicks, corrected by the position model that the clicks teach; and from the
clicks as they are. All stop by the same judged validation
queries. What is compared is the NDCG@10 over all products by meaning alone, which is what learns, of the queries of
split `test`.
"""

import sys
import tempfile
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

# isort: split
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import tensorflow as tf
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data
from benchmarks.search_quality import CONFIG, RELEVANT_GRADE, prepare
from components.search.examples.position_model import MOST_POSITIONS, learn_positions, relevance_of_pairs
from components.search.examples.query_examples import query_example
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import distinct_texts, load_catalogue
from trainer.fitting.training_request import TrainingRequest
from trainer.metrics.ranking import hit_matrix, ndcg_at_k
from trainer.options import TextOptions
from trainer.search.encoder import load_encoder
from trainer.search.options import SearchOptions, SearchTrainingOptions
from trainer.search.queries import JudgedQueries, load_queries
from trainer.search.training import run
from trainer.text.text_vectors import load_text_vectors

SHOWN, K = 20, 10
# As in search_quality.yaml.
SEQUENCE_LENGTH = 32
# What the order goes by: how far a product of relevance 1 is below one of 0, beside a deviation of 1 that products have
# once for all, and one that changes from one time to the next.
AGAINST, JITTER = 4.0, 1.5
LEAST_CLICKED, MOST_CLICKED = 0.1, 1.0
AT_ONCE = 256

Floats = npt.NDArray[np.float64]


def main(
    data: Annotated[Path, typer.Option(help="Folder with search_homedepot/.")],
    root: Annotated[Path | None, typer.Option(help="Folder of a run of search_quality.py.")] = None,
    sessions: Annotated[int, typer.Option(min=2, help="How often each query is asked.")] = 100,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the pairs at the most.")] = 4,
    max_texts: Annotated[int, typer.Option(min=100, help="Texts that negatives are mined from at the most.")] = 100_000,
    most: Annotated[int, typer.Option(min=10, help="Test queries to judge by at the most.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the clicks.")] = 0,
) -> None:
    """Makes clicks, trains three times, and prints what each is worth."""
    print_machine("tensorflow")
    folder = data / "search_homedepot"
    with tempfile.TemporaryDirectory() as temporary:
        if root is None:
            root = Path(temporary) / "run"
            prepare(folder, root / "data")
            run_beside_data(CONFIG.read_text(encoding="utf-8"), root)
        judged = load_queries(str(latest_artifact(root, "SearchExamples", "examples")), "train")
        catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")))
        answers = answers_of_test(folder, catalogue["product_id"].to_pylist(), most)
        pair, position, shown, clicked, pairs = ask(judged, catalogue.num_rows, sessions, seed)
        looked_at = learn_positions(pair, position, shown, clicked)
        print("places are looked at", " ".join(f"{share:.2f}" for share in looked_at[:SHOWN]), "as often as the first")
        learned_from = {
            "judgements": judged,
            "corrected": of_clicks(judged, pairs, relevance_of_pairs(pair, position, shown, clicked, looked_at)),
            "uncorrected": of_clicks(
                judged, pairs, relevance_of_pairs(pair, position, shown, clicked, np.ones(MOST_POSITIONS))
            ),
        }
        ndcg = {
            name: trained_ndcg(root, queries, Path(temporary) / name, answers, (epochs, max_texts), seed)
            for name, queries in learned_from.items()
        }
    for name, value in ndcg.items():
        print(f"{name}: NDCG@10 {value:.4f}")
    print_figures(
        {
            "corrected_ratio": ratio(ndcg["corrected"], ndcg["judgements"]),
            "uncorrected_ratio": ratio(ndcg["uncorrected"], ndcg["judgements"]),
            **{f"{name}_ndcg_at_10": value for name, value in ndcg.items()},
        }
    )


def ask(
    judged: JudgedQueries, products: int, sessions: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats, Floats, npt.NDArray[np.int64]]:
    """Asks each query and clicks.

    Returns:
        Rows of pair, position, shown and clicked, and the query and product of each pair, `(pairs, 2)`.
    """
    random = np.random.default_rng(seed)
    looked_at = 1.0 / np.arange(1, SHOWN + 1)
    lists = random.integers(products, size=(len(judged), SHOWN))
    relevance = np.zeros(lists.shape)
    for query in range(len(judged)):
        rows = slice(judged.offsets[query], judged.offsets[query + 1])
        count = min(SHOWN, len(judged.products[rows]))
        lists[query, :count], relevance[query, :count] = judged.products[rows][:count], judged.relevance[rows][:count]
    usual = random.normal(size=lists.shape) - AGAINST * relevance
    shown = np.zeros((lists.size, SHOWN))
    clicked = np.zeros_like(shown)
    pair = np.arange(lists.size)
    chance = LEAST_CLICKED + (MOST_CLICKED - LEAST_CLICKED) * relevance
    for _ in range(sessions):
        order = np.argsort(np.argsort(-(usual + JITTER * random.normal(size=usual.shape)), axis=1), axis=1)
        hits = random.random(order.shape) < looked_at[order] * chance
        shown[pair, order.ravel()] += 1.0
        clicked[pair, order.ravel()] += hits.ravel()
    pairs, positions = np.nonzero(shown)
    named = np.stack([np.repeat(np.arange(len(judged)), SHOWN), lists.ravel()], axis=1)
    return pairs, positions, shown[pairs, positions], clicked[pairs, positions], named


def of_clicks(judged: JudgedQueries, pairs: npt.NDArray[np.int64], relevance: Floats) -> JudgedQueries:
    """Returns the queries with what was shown in place of what was judged; the best of a query gets 1."""
    best = np.zeros(len(judged))
    np.maximum.at(best, pairs[:, 0], relevance)
    return replace(
        judged,
        offsets=np.arange(len(judged) + 1, dtype=np.int64) * SHOWN,
        products=pairs[:, 1],
        relevance=(relevance / best[pairs[:, 0]]).astype(np.float32),
    )


def trained_ndcg(
    root: Path,
    queries: JudgedQueries,
    folder: Path,
    wanted: dict[str, npt.NDArray[np.int64]],
    limits: tuple[int, int],
    seed: int,
) -> float:
    """Trains an encoder on queries, and returns the NDCG@10 of the test queries.

    Args:
        root: The run whose catalogue and vectors are taken.
        queries: What is learned from.
        folder: Where to.
        wanted: The relevant products of each test query.
        limits: Passes over the pairs, and texts that negatives are mined from, at the most.
        seed: Of the training.
    """
    epochs, max_texts = limits
    examples = latest_artifact(root, "SearchExamples", "examples")
    for split in ("train", "eval"):
        (folder / "examples" / f"Split-{split}").mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "examples" / "Split-train" / "examples-0.gz"), "GZIP") as writer:
        for place, query in enumerate(queries.queries):
            rows = slice(queries.offsets[place], queries.offsets[place + 1])
            writer.write(
                query_example(
                    query, queries.products[rows], queries.relevance[rows], queries.slices[place], headline=True
                )
            )
    for file in (examples / "Split-eval").glob("*.gz"):
        (folder / "examples" / "Split-eval" / file.name).symlink_to(file.resolve())
    catalogue_uri = str(latest_artifact(root, "SearchExamples", "catalogue"))
    vectors_uri = str(latest_artifact(root, "ProductsTextVectors", "vectors"))
    training = SearchTrainingOptions(query_layers=0, max_epochs=epochs, max_texts=max_texts)
    text = TextOptions(fields=("title",), sequence_length=SEQUENCE_LENGTH)
    options = SearchOptions(text=text, training=training)
    (folder / "model").mkdir()
    run(
        TrainingRequest(
            examples_uri=str(folder / "examples"),
            catalogue_uri=catalogue_uri,
            text_vectors_uri=vectors_uri,
            options_json=options.model_dump_json(),
            seed=seed,
            model_uri=str(folder / "model"),
            log_uri=str(folder / "logs"),
        )
    )
    encoder = load_encoder(str(folder / "model"))
    catalogue = load_catalogue(catalogue_uri)
    text_of_product, texts = distinct_texts(catalogue["text"].to_pylist())
    vectors = encoder.finish(load_text_vectors(vectors_uri, texts), encoder.token_ids(texts))
    asked = encoder.embed(list(wanted), options.text.batch_size)
    found = []
    for start in range(0, len(asked), AT_ONCE):
        scores = (asked[start : start + AT_ONCE] @ vectors.T)[:, text_of_product]
        nearest = np.argpartition(-scores, K, axis=1)[:, :K]
        order = np.argsort(-np.take_along_axis(scores, nearest, axis=1), axis=1)
        found.append(np.take_along_axis(nearest, order, axis=1))
    counts = np.array([len(products) for products in wanted.values()])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    hits = hit_matrix(np.concatenate(found), offsets, np.concatenate(list(wanted.values())))
    return float(ndcg_at_k(hits, counts, K).mean())


def answers_of_test(data: Path, ids: list[str], most: int) -> dict[str, npt.NDArray[np.int64]]:
    """Returns the rows of the relevant products of the first test queries that have any."""
    rows = {product_id: row for row, product_id in enumerate(ids)}
    table = pq.read_table(data / "judgements.parquet").to_pandas()
    relevant = table[(table["split"] == "test") & (table["relevance"] >= RELEVANT_GRADE)]
    return {
        query: np.unique([rows[str(product)] for product in products])
        for query, products in islice(relevant.groupby("query")["product_id"], most)
    }


if __name__ == "__main__":
    typer.run(main)
