"""How well a search's groups part its results by kind, beside k-means on TF-IDF and on MiniLM's vectors.

    python benchmarks/search_groups.py --root ROOT

ROOT is a run that pushed a search model for a shop with categories of two levels or more, such as the demo. 200 queries
are asked: the shopper's queries of tests/e2e/shopper_queries.yaml, and names of the deepest level of the categories,
drawn by `--seed`. The hundred best results of each, one a title, are grouped in three ways, all with the served graph's
own code:

- `own`: by all levels of the shop's categories, the judged one among them, as the run serves them;
- `above`: by the shop's categories without the judged level: what stands above and below it;
- `none`: by phrases of the titles and vectors alone.

The judge is the second level of each product's category (in the demo the column product_category of its table). All
words of that level are taken out of every title (`trainer.clusters.category_free_texts`): `none` and both peers see
what is left, and nothing else; vectors are those of what is left, by the run's own encoder in `none` and by the
pretrained MiniLM, mean-pooled, for the peer. `own` is told the judged level, which is what it is there for; `above`
and `none` are not. The results themselves are found by the titles as they are, and are the same for all.

The peers are scikit-learn's TfidfVectorizer and KMeans (10 starts) on the very results of a query, with as many
clusters as our groups. Purity and normalised mutual information are means over queries. A ratio is to the better of
both peers in that measure, 1.0 where neither tells more than the other. The figures without a prefix are of `above`,
the most that groups may know without the answer; `own_` and `none_` stand before those of the other two.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import typer
import yaml
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from benchmarks.command_line import SearchRoot
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import served_model
from components.search.judging.query_judge import unfiltered_inputs
from serving.graph.catalogue import CATEGORY_SEPARATOR
from serving.index.exact import ExactIndex
from serving.search.grouping.groups import ResultGroups
from serving.search.listing import GROUPED
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import distinct_texts, load_catalogue
from trainer.clusters.category_free_texts import without_category_words
from trainer.search.encoder import load_encoder
from trainer.search.groups.names import group_names
from trainer.text.backbone import encode_token_ids

QUERIES = Path(__file__).resolve().parents[1] / "tests" / "e2e" / "shopper_queries.yaml"
JUDGED_LEVEL = 1
# Results that are asked for; titles repeat among them where nothing is collapsed.
ASKED = 1_000
BATCH_SIZE = 64

Labels = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


class Titles(NamedTuple):
    """The distinct titles of a catalogue with what is known of each.

    Attributes:
        titles: As they are.
        free: Without the words of the judged level.
        paths: Levels of the category of each title's first product.
        judged: The judged level; of a shorter path the last one.
    """

    titles: list[str]
    free: list[str]
    paths: list[list[str]]
    judged: list[str]


class Judged(NamedTuple):
    """Mean purity and normalised mutual information of some groups and of both peers, and the groups' number."""

    purity: float
    nmi: float
    peers: dict[str, tuple[float, float]]
    groups: float


def main(
    root: SearchRoot,
    made: Annotated[int, typer.Option(help="Queries made of the categories' names.")] = 140,
    seed: Annotated[int, typer.Option(help="Of the names that are drawn, and of k-means.")] = 0,
    show: Annotated[int, typer.Option(help="Queries whose groups are printed.")] = 0,
) -> None:
    """Prints a table of all ways and both peers."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    titles = read_titles(root)
    queries = [each["query"] for each in yaml.safe_load(QUERIES.read_text(encoding="utf-8"))["queries"]]
    names = sorted({path[-1] for path in titles.paths if len(path) > JUDGED_LEVEL + 1})
    drawn = np.random.default_rng(seed).choice(len(names), min(made, len(names)), replace=False)
    queries += [names[place] for place in drawn]
    results = search(root, queries, titles)
    dense, plain = embed(root, titles, sorted({place for found in results for place in found}))
    ways: dict[str, Callable[[list[str]], str]] = {
        "own": CATEGORY_SEPARATOR.join,
        "above": lambda path: CATEGORY_SEPARATOR.join(path[:JUDGED_LEVEL] + path[JUDGED_LEVEL + 1 :]),
        "none": lambda path: "",
    }
    print_machine("tensorflow", "scikit-learn", threads=1)
    print(f"{len(queries)} queries, {np.mean([len(found) for found in results]):.0f} results each")
    print(
        f"{'':8}{'groups':>8}{'purity':>9}{'TF-IDF':>8}{'MiniLM':>8}{'ratio':>7}{'NMI':>9}{'TF-IDF':>8}{'MiniLM':>8}{'ratio':>7}"
    )
    figures: dict[str, float | None] = {}
    for name, category in ways.items():
        groups = ResultGroups(
            group_names(titles.free, [category(path) for path in titles.paths], np.arange(len(titles.titles))),
            ExactIndex(dense),
        )
        group = tf.function(groups.group)
        judged = judge(queries, results, titles, plain, group, seed)
        figures |= report(name, judged)
        if name != "none":
            continue
        figures["milliseconds"] = milliseconds(group, queries, results)
    if show:
        print_groups(queries[:show], results, titles, dense)
    print_figures(figures | {"queries": len(queries)})


def read_titles(root: Path) -> Titles:
    """Reads the catalogue of a run."""
    catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")), ["title", "category"])
    categories = [category or "" for category in catalogue["category"].to_pylist()]
    rows, titles = distinct_texts([title or "" for title in catalogue["title"].to_pylist()])
    _, firsts = np.unique(rows, return_index=True)
    paths = [categories[place].split(CATEGORY_SEPARATOR) for place in firsts]
    judged = [path[min(JUDGED_LEVEL, len(path) - 1)] for path in paths]
    return Titles(titles, without_category_words(titles, judged), paths, judged)


def search(root: Path, queries: Sequence[str], titles: Titles) -> list[list[int]]:
    """Returns the places of the best distinct titles for each query."""
    filtered = tf.saved_model.load(str(served_model(root, "SearchIndex"))).signatures["filtered"]
    place = {title: place for place, title in enumerate(titles.titles)}
    results = []
    for query in queries:
        inputs = unfiltered_inputs([query], ASKED)
        answer = filtered(**{name: tf.constant(value) for name, value in inputs.items()})
        found = [title.decode() for title in answer["titles"].numpy()[0].tolist() if title]
        results.append(list(dict.fromkeys(place[title] for title in found))[:GROUPED])
    return results


def embed(root: Path, titles: Titles, places: Sequence[int]) -> tuple[Vectors, Vectors]:
    """Returns vectors of what is left of some titles, by the run's encoder and by BERT alone; others stay 0."""
    encoder = load_encoder(str(latest_artifact(root, "SearchTrainer", "model")))
    token_ids = encoder.token_ids([titles.free[place] for place in places])
    plain = encode_token_ids(encoder.text_encoder, token_ids, BATCH_SIZE)
    every = []
    for vectors in (encoder.finish(plain, token_ids), plain):
        whole = np.zeros((len(titles.titles), vectors.shape[1]), np.float32)
        whole[list(places)] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        every.append(whole)
    return every[0], every[1]


def judge(
    queries: Sequence[str],
    results: Sequence[Sequence[int]],
    titles: Titles,
    vectors: Vectors,
    group: Any,
    seed: int,
) -> Judged:
    """Compares groups and both peers' clusters with the judged level."""
    ours, counts = [], []
    peers: dict[str, list[tuple[float, float]]] = {"tfidf": [], "minilm": []}
    for query, found in zip(queries, results, strict=True):
        if not found:
            continue
        truth = np.unique([titles.judged[place] for place in found], return_inverse=True)[1]
        ids = group_ids(group, query, found)
        counts.append(len(np.unique(ids)))
        ours.append(measures(ids, truth))
        texts = TfidfVectorizer(token_pattern=r"(?u)\w+").fit_transform([titles.free[place] or "0" for place in found])
        for name, features in (("tfidf", texts), ("minilm", vectors[list(found)])):
            with threadpool_limits(1):
                clusters = KMeans(counts[-1], n_init=10, random_state=seed).fit_predict(features)
            peers[name].append(measures(clusters, truth))
    purity, nmi = np.mean(ours, axis=0).tolist()
    means = {name: tuple(np.mean(values, axis=0).tolist()) for name, values in peers.items()}
    return Judged(purity, nmi, means, float(np.mean(counts)))


def group_ids(group: Any, query: str, found: Sequence[int]) -> Labels:
    """Returns the number of each product's group."""
    places = tf.constant([list(found)], tf.int32)
    ids: Labels = group(tf.constant([query]), places, places)[0].numpy()[0].astype(np.int64)
    return ids


def measures(ids: Labels, truth: Labels) -> tuple[float, float]:
    """Returns the purity, the share of products in their group's most frequent class, and the mutual information."""
    pure = sum(Counter(truth[ids == each].tolist()).most_common(1)[0][1] for each in np.unique(ids))
    return pure / len(ids), float(normalized_mutual_info_score(truth, ids))


def report(name: str, judged: Judged) -> dict[str, float | None]:
    """Prints a row, and returns its figures."""
    (purity_a, nmi_a), (purity_b, nmi_b) = judged.peers["tfidf"], judged.peers["minilm"]
    ratios = ratio(judged.purity, max(purity_a, purity_b)), ratio(judged.nmi, max(nmi_a, nmi_b))
    print(
        f"{name:8}{judged.groups:8.2f}{judged.purity:9.3f}{purity_a:8.3f}{purity_b:8.3f}{ratios[0] or 0:7.3f}"
        f"{judged.nmi:9.3f}{nmi_a:8.3f}{nmi_b:8.3f}{ratios[1] or 0:7.3f}"
    )
    figures = {"purity_ratio": ratios[0], "nmi_ratio": ratios[1], "purity": judged.purity, "nmi": judged.nmi}
    return {(key if name == "above" else f"{name}_{key}"): value for key, value in figures.items()}


def milliseconds(group: Any, queries: Sequence[str], results: Sequence[Sequence[int]]) -> float:
    """Returns the median time of one grouping by phrases, with the call of a function from Python."""
    times = []
    for query, found in zip(queries, results, strict=True):
        asked, places = tf.constant([query]), tf.constant([list(found)], tf.int32)
        started = time.perf_counter()
        group(asked, places, places)
        times.append((time.perf_counter() - started) * 1e3)
    return float(np.median(times))


def print_groups(queries: Sequence[str], results: Sequence[Sequence[int]], titles: Titles, vectors: Vectors) -> None:
    """Prints the groups by the shop's own categories, with three titles of each."""
    categories = [CATEGORY_SEPARATOR.join(path) for path in titles.paths]
    groups = ResultGroups(group_names(titles.titles, categories, np.arange(len(categories))), ExactIndex(vectors))
    for query, found in zip(queries, results, strict=False):
        places = tf.constant([list(found)], tf.int32)
        ids, labels = (column.numpy()[0] for column in groups.group(tf.constant([query]), places, places))
        print(f"\n{query}")
        for number in range(ids.max(initial=-1) + 1):
            members = np.flatnonzero(ids == number)
            shown = " | ".join(titles.titles[found[place]] for place in members[:3])
            print(f"  {labels[members[0]].decode()} ({len(members)}): {shown}")


if __name__ == "__main__":
    typer.run(main)
