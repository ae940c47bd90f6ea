"""Search learned from clicks that the place decides: with and without the correction, beside learning from judgements.

    python benchmarks/click_bias.py --data ../shared/data [--root RUN] [--sessions 100]

`DATA/search_homedepot` holds `products.parquet` and `judgements.parquet`, as `search_quality.py` wants them. RUN is
the folder of a run of that script; without it, one is made. Each training query is asked `--sessions` times of a shop
whose old search goes by words alone (BM25): a page has twenty products, those that were judged and of the others the
ones that the old search finds first, in its order, which changes a little from time to time. Place k (from 1) is
looked at with probability 1 / k, and a product that is looked at is clicked with 0.1 + 0.9 of its relevance, 0 for
what nobody judged (both as Joachims, Swaminathan and Schnabel, "Unbiased learning-to-rank with biased feedback", WSDM
2017, have them). Three encoders then learn, by the product's own training: from the judgements; from the clicks,
corrected by the position model that the clicks teach; and from the clicks as they are. All stop by the same judged
validation queries. What is compared is the NDCG@10 over all products by meaning alone, which is what learns, of the
queries of split `test`; an encoder that has learned nothing stands beside, with 95% bootstrap intervals of what each
is short of learning from the judgements.
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
from scipy.sparse import csc_matrix
from sklearn.feature_extraction.text import CountVectorizer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data
from benchmarks.search_quality import CONFIG, RELEVANT_GRADE, prepare
from components.search.examples.position_model import MOST_POSITIONS, learn_positions, relevance_of_pairs
from components.search.examples.query_examples import query_example
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import distinct_texts, load_catalogue
from trainer.fitting.training_request import TrainingRequest
from trainer.metrics.bootstrap import bootstrap_intervals
from trainer.metrics.ranking import hit_matrix, ndcg_at_k
from trainer.options import TextOptions
from trainer.search.encoder import SearchEncoder, load_encoder
from trainer.search.options import LexicalOptions, SearchOptions, SearchTrainingOptions
from trainer.search.queries import JudgedQueries, load_queries
from trainer.search.training import run
from trainer.text.backbone import load_text_encoder
from trainer.text.text_vectors import load_text_vectors

SHOWN, K = 20, 10
# As in search_quality.yaml.
TEXT = TextOptions(fields=("title",), sequence_length=32)
# Of BM25, as the product has them.
K1, B = LexicalOptions().k1, LexicalOptions().b
# Places of the old search, and by how much their logarithm changes from one time to the next.
PLACES, JITTER = 100, 0.5
LEAST_CLICKED, MOST_CLICKED = 0.1, 1.0
AT_ONCE = 256

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
        pages, places = old_pages(judged, catalogue["text"].to_pylist())
        relevance = relevance_of(judged, pages)
        pair, position, shown, clicked = ask(relevance, places, sessions, seed)
        looked_at = learn_positions(pair, position, shown, clicked)
        print("places are looked at", " ".join(f"{share:.2f}" for share in looked_at[:SHOWN]), "as often as the first")
        learned_from = {
            "judgements": judged,
            "corrected": of_clicks(judged, pages, relevance_of_pairs(pair, position, shown, clicked, looked_at)),
            "uncorrected": of_clicks(
                judged, pages, relevance_of_pairs(pair, position, shown, clicked, np.ones(MOST_POSITIONS))
            ),
        }
        labels = {}
        for name in ("corrected", "uncorrected"):
            right, found = right_and_found(relevance, learned_from[name])
            print(f"{name}: {right:.3f} of what is taken for relevant is so, {found:.3f} of what is so is taken for it")
            labels |= {f"{name}_labels_right": right, f"{name}_labels_found": found}
        ndcg = {"untrained": ndcg_of_test(root, SearchEncoder(load_text_encoder(TEXT), head=None), answers)}
        for name, queries in learned_from.items():
            encoder = trained(root, queries, Path(temporary) / name, (epochs, max_texts), seed)
            ndcg[name] = ndcg_of_test(root, encoder, answers)
            short = bootstrap_intervals((ndcg[name] - ndcg.get("judgements", ndcg[name]))[:, np.newaxis], seed=0)[0]
            print(f"{name}: NDCG@10 {ndcg[name].mean():.4f}, beside judgements {short}", flush=True)
    means = {name: float(values.mean()) for name, values in ndcg.items()}
    print_figures(
        {
            **{f"{name}_ratio": ratio(means[name], means["judgements"]) for name in means if name != "judgements"},
            **{f"{name}_ndcg_at_10": value for name, value in means.items()},
            **labels,
        }
    )


def old_pages(judged: JudgedQueries, texts: list[str]) -> tuple[Ints, Ints]:
    """Returns what an old search shows for each query.

    Args:
        judged: The queries.
        texts: Of each product.

    Returns:
        Products and their places in the old search from 0 on, `PLACES` for what it does not find among its first, both
        `(queries, SHOWN)`: the judged ones, as far as they go, and then the first of the others.
    """
    counter = CountVectorizer(stop_words="english", token_pattern=r"\w+")
    counts = counter.fit_transform(texts).astype(np.float64).tocsc()
    weights = bm25_weights(counts)
    asked = counter.transform(judged.queries)
    pages = np.zeros((len(judged), SHOWN), np.int64)
    places = np.full(pages.shape, PLACES)
    for query in range(len(judged)):
        scores = np.asarray((weights @ asked[query].T).todense()).ravel()
        place_of = {
            product: place for place, product in enumerate(np.argsort(-scores, kind="stable")[:PLACES].tolist())
        }
        own = judged.products[judged.offsets[query] : judged.offsets[query + 1]].tolist()
        pages[query] = list(dict.fromkeys([*own, *place_of]))[:SHOWN]
        places[query] = [place_of.get(product, PLACES) for product in pages[query].tolist()]
    return pages, places


def bm25_weights(counts: csc_matrix) -> csc_matrix:
    """Returns what each word adds to the score of each text (Robertson and Zaragoza, 2009), from its counts."""
    weights = counts.copy()
    texts, lengths = counts.shape[0], np.asarray(counts.sum(axis=1)).ravel()
    longer = 1.0 - B + B * lengths / lengths.mean()
    weights.data = weights.data * (K1 + 1.0) / (weights.data + K1 * longer[weights.indices])
    holding = np.diff(counts.indptr)
    rarity = np.log1p((texts - holding + 0.5) / (holding + 0.5))
    weights.data *= np.repeat(rarity, holding)
    return weights


def relevance_of(judged: JudgedQueries, pages: Ints) -> Floats:
    """Returns the relevance of what is shown, 0 for what nobody judged."""
    relevance = np.zeros(pages.shape)
    for query in range(len(judged)):
        rows = slice(judged.offsets[query], judged.offsets[query + 1])
        known = dict(zip(judged.products[rows].tolist(), judged.relevance[rows].tolist(), strict=True))
        relevance[query] = [known.get(product, 0.0) for product in pages[query].tolist()]
    return relevance


def ask(relevance: Floats, places: Ints, sessions: int, seed: int) -> tuple[Ints, Ints, Floats, Floats]:
    """Asks each query and clicks.

    Args:
        relevance: Of what is shown, `(queries, SHOWN)`.
        places: Where the old search has it, same shape.
        sessions: How often each query is asked.
        seed: Of the clicks.

    Returns:
        Rows of pair, position, shown and clicked; pairs are numbered query by query.
    """
    random = np.random.default_rng(seed)
    looked_at = 1.0 / np.arange(1, SHOWN + 1)
    chance = LEAST_CLICKED + (MOST_CLICKED - LEAST_CLICKED) * relevance
    shown = np.zeros((relevance.size, SHOWN))
    clicked = np.zeros_like(shown)
    pair = np.arange(relevance.size)
    for _ in range(sessions):
        lateness = np.log1p(places) + JITTER * random.normal(size=places.shape)
        order = np.argsort(np.argsort(lateness, axis=1), axis=1)
        hits = random.random(order.shape) < looked_at[order] * chance
        shown[pair, order.ravel()] += 1.0
        clicked[pair, order.ravel()] += hits.ravel()
    pairs, positions = np.nonzero(shown)
    return pairs, positions, shown[pairs, positions], clicked[pairs, positions]


def of_clicks(judged: JudgedQueries, pages: Ints, relevance: Floats) -> JudgedQueries:
    """Returns the queries with what was shown in place of what was judged; the best of a query gets 1."""
    by_query = relevance.reshape(pages.shape)
    return replace(
        judged,
        offsets=np.arange(len(judged) + 1, dtype=np.int64) * SHOWN,
        products=pages.ravel(),
        relevance=(by_query / by_query.max(axis=1, keepdims=True)).ravel().astype(np.float32),
    )


def right_and_found(relevance: Floats, queries: JudgedQueries) -> tuple[float, float]:
    """Returns precision and recall of the pairs that training takes for relevant, against the judgements."""
    least = SearchTrainingOptions().relevant_from
    taken, relevant = queries.relevance.reshape(relevance.shape) >= least, relevance >= least
    both = float((taken & relevant).sum())
    return both / float(taken.sum()), both / float(relevant.sum())


def trained(root: Path, queries: JudgedQueries, folder: Path, limits: tuple[int, int], seed: int) -> SearchEncoder:
    """Trains an encoder on queries.

    Args:
        root: The run whose catalogue and vectors are taken.
        queries: What is learned from.
        folder: Where to.
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
    training = SearchTrainingOptions(query_layers=0, max_epochs=epochs, max_texts=max_texts)
    (folder / "model").mkdir()
    run(
        TrainingRequest(
            examples_uri=str(folder / "examples"),
            catalogue_uri=str(latest_artifact(root, "SearchExamples", "catalogue")),
            text_vectors_uri=str(latest_artifact(root, "ProductsTextVectors", "vectors")),
            options_json=SearchOptions(text=TEXT, training=training).model_dump_json(),
            seed=seed,
            model_uri=str(folder / "model"),
            log_uri=str(folder / "logs"),
        )
    )
    return load_encoder(str(folder / "model"))


def ndcg_of_test(root: Path, encoder: SearchEncoder, wanted: dict[str, Ints]) -> Floats:
    """Returns the NDCG@10 of each test query, float64 `(queries,)`.

    Args:
        root: The run whose catalogue and vectors are taken.
        encoder: Reads queries and products.
        wanted: The relevant products of each test query.
    """
    catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")))
    text_of_product, texts = distinct_texts(catalogue["text"].to_pylist())
    vectors_uri = str(latest_artifact(root, "ProductsTextVectors", "vectors"))
    vectors = encoder.finish(load_text_vectors(vectors_uri, texts), encoder.token_ids(texts))
    asked = encoder.embed(list(wanted), TEXT.batch_size)
    found = []
    for start in range(0, len(asked), AT_ONCE):
        scores = (asked[start : start + AT_ONCE] @ vectors.T)[:, text_of_product]
        nearest = np.argpartition(-scores, K, axis=1)[:, :K]
        order = np.argsort(-np.take_along_axis(scores, nearest, axis=1), axis=1)
        found.append(np.take_along_axis(nearest, order, axis=1))
    counts = np.array([len(products) for products in wanted.values()])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    hits = hit_matrix(np.concatenate(found), offsets, np.concatenate(list(wanted.values())))
    gains: Floats = ndcg_at_k(hits, counts, K)
    return gains


def answers_of_test(data: Path, ids: list[str], most: int) -> dict[str, Ints]:
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
