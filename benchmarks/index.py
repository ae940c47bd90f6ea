"""How fast the approximate index finds products beside exact search and hnswlib, and how many of the best it finds.

    python benchmarks/index.py --titles products.parquet --queries queries.parquet --cache FOLDER

Products are text vectors of real titles, enlarged to `--size` by noise: time and again, every vector gets a copy moved
by the difference of two real neighbours times a scale. The scale is the one at which the ratios of neighbours'
distances come nearest to those of the real titles; both are printed. Queries are real texts that are no title; one
half chooses the probes, the other is measured. Every figure is of one query at a time, one process for all; hnswlib
takes part where it is installed, at the smallest `ef` that finds as much. Vectors and indexes are kept in `--cache`.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from serving.index.exact import ExactIndex
from trainer.options import TextOptions
from trainer.search.index.inverted_cells import build_inverted_file, exact_neighbours, recall_of
from trainer.text.backbone import encode_texts, load_text_encoder

K = 10
WARM_UP_QUERIES = 10
# Queries asked where exact search has to answer too: at a million products each takes it a tenth of a second or more.
SLOW_QUERIES = 200
NOISE_SCALES = (0.7, 0.8, 0.9)
FILTER_SHARES = (0.01, 0.1, 0.5)
HNSW_LINKS, HNSW_BUILD_EF = 16, 200
SEED = 0

Search = Callable[[int], np.ndarray]


class Served(tf.Module):
    """The index as it is served: saved and loaded signatures."""

    def __init__(self, index: tf.Module) -> None:
        super().__init__()
        self.index = index
        query, k = tf.TensorSpec([None, index.dimensions], tf.float32), tf.TensorSpec([], tf.int32)
        self.find = tf.function(index.search, input_signature=[query, k], autograph=False)
        mask = tf.TensorSpec([None, index.size], tf.bool)
        self.find_allowed = tf.function(index.search, input_signature=[query, k, mask], autograph=False)


def main(
    titles: Annotated[Path, typer.Option(help="Parquet file with a column `title`.")],
    queries: Annotated[Path, typer.Option(help="Parquet file with a column `query`.")],
    cache: Annotated[Path, typer.Option(help="Folder for vectors and indexes.")],
    size: Annotated[int, typer.Option(help="Products; those of the titles alone if there are as many.")] = 1_000_000,
    judged: Annotated[int, typer.Option(help="Queries that are measured; as many choose the probes.")] = 500,
) -> None:
    """Measures and prints."""
    cache.mkdir(parents=True, exist_ok=True)
    print_machine("tensorflow", "hnswlib")
    real, asked = text_vectors(titles, queries, cache, 2 * judged)
    vectors = enlarged(real, size, cache)
    choosing, measured = asked[:judged], asked[judged:]
    expected = kept(cache / f"expected_{len(vectors)}_{judged}.npy", lambda: exact_neighbours(vectors, measured, K))
    print(f"{len(vectors):,} products of {vectors.shape[1]} dimensions, {judged} queries, the best {K}")

    folder = cache / f"inverted_file_{len(vectors)}"
    if not folder.exists():
        started = time.perf_counter()
        tf.saved_model.save(Served(build_inverted_file(vectors, choosing)), str(folder))
        print(f"index built and saved in {time.perf_counter() - started:.0f} s")
    ours = tf.saved_model.load(str(folder))
    bytes_of_index = sum(file.stat().st_size for file in (folder / "variables").iterdir())
    print(f"{int(ours.index.probes)} cells probed, index {bytes_of_index / 2**30:.3f} GiB")

    k = tf.constant(K)
    tensors = [tf.constant(query[np.newaxis]) for query in measured]
    exact = Served(ExactIndex(vectors))
    exact_p50, _ = timed(lambda place: exact.find(tensors[place], k)[1].numpy()[0], min(judged, SLOW_QUERIES))
    our_p50, found = timed(lambda place: ours.find(tensors[place], k)[1].numpy()[0], judged)
    recall = recall_of(found, expected)
    print("                         p50 ms  recall@10   times as fast as")
    print(f"exact                  {exact_p50:8.2f}      1.000")
    print(f"inverted file          {our_p50:8.2f}     {recall:6.3f}   {exact_p50 / our_p50:.1f} x exact")
    peer_p50, peer_bytes = measure_hnswlib(vectors, measured, expected, recall, our_p50, cache)

    random = np.random.default_rng(SEED)
    filters: dict[str, float] = {}
    for share in FILTER_SHARES:
        masks = [tf.constant(random.uniform(size=(1, len(vectors))) < share) for _ in range(min(judged, SLOW_QUERIES))]
        wanted = np.stack([exact.find_allowed(tensors[place], k, mask)[1][0] for place, mask in enumerate(masks)])
        p50, found = timed(
            lambda place, masks=masks: ours.find_allowed(tensors[place], k, masks[place])[1].numpy()[0], len(masks)
        )
        reached = recall_of(found, wanted)
        filters[f"filter_{share * 100:.0f}_percent_ratio"] = p50 / our_p50
        filters[f"filter_{share * 100:.0f}_percent_recall"] = reached
        print(f"filter, {share:4.0%} pass      {p50:8.2f}     {reached:6.3f}   {p50 / our_p50:.2f} of unfiltered time")
    print_figures(
        {
            # Above 1 we are slower, or larger, than hnswlib.
            "ratio": ratio(our_p50, peer_p50),
            "recall": recall,
            "memory_ratio": ratio(bytes_of_index, peer_bytes),
            # The strictest filter costs the most: few cells hold ten products that pass.
            "filter_ratio": filters[f"filter_{min(FILTER_SHARES) * 100:.0f}_percent_ratio"],
            "exact_ratio": exact_p50 / our_p50,
            "ms": our_p50,
            "index_bytes": bytes_of_index,
            **filters,
        }
    )


def measure_hnswlib(
    vectors: np.ndarray, measured: np.ndarray, expected: np.ndarray, recall: float, our_p50: float, cache: Path
) -> tuple[float | None, int | None]:
    """Measures hnswlib at the smallest `ef` of a ladder whose recall is `recall` or more, and prints its figures.

    Returns:
        The median milliseconds of a query and the bytes of the index, or None and None where it is not installed.
    """
    try:
        import hnswlib
    except ImportError:
        print("hnswlib                not installed")
        return None, None
    peer = hnswlib.Index(space="ip", dim=vectors.shape[1])
    file = cache / f"hnswlib_{len(vectors)}.bin"
    if file.exists():
        peer.load_index(str(file))
    else:
        started = time.perf_counter()
        peer.init_index(len(vectors), M=HNSW_LINKS, ef_construction=HNSW_BUILD_EF, random_seed=SEED)
        peer.add_items(vectors)
        peer.save_index(str(file))
        print(f"hnswlib built in {time.perf_counter() - started:.0f} s")
    for ef in (10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280):
        peer.set_ef(ef)
        reached = recall_of(peer.knn_query(measured, K)[0], expected)
        if reached >= recall:
            break
    p50, _ = timed(lambda place: peer.knn_query(measured[place], K, num_threads=1)[0][0], len(measured))
    print(f"hnswlib, ef {ef:4}       {p50:8.2f}     {reached:6.3f}   {our_p50 / p50:.1f} x inverted file")
    print(f"                       index {file.stat().st_size / 2**30:.3f} GiB")
    return p50, file.stat().st_size


def timed(search: Search, queries: int) -> tuple[float, np.ndarray]:
    """Returns the median milliseconds of a search, and what was found `(queries, k)`."""
    for place in range(min(WARM_UP_QUERIES, queries)):
        search(place)
    times, found = [], []
    for place in range(queries):
        started = time.perf_counter()
        found.append(search(place))
        times.append((time.perf_counter() - started) * 1e3)
    return float(np.median(times)), np.stack(found)


def text_vectors(titles: Path, queries: Path, cache: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Encodes the titles, and `count` random queries that are none of them."""
    texts = list(dict.fromkeys(pq.read_table(titles, columns=["title"])["title"].to_pylist()))
    others = sorted(set(pq.read_table(queries, columns=["query"])["query"].to_pylist()) - set(texts))
    if len(others) < count:
        raise typer.BadParameter(f"{count} queries that are no title are needed, but there are {len(others)}.")
    chosen = [str(text) for text in np.random.default_rng(SEED).permutation(others)[:count]]
    files = cache / "titles.npy", cache / f"queries_{count}.npy"
    if not all(file.exists() for file in files):
        options = TextOptions()
        encoder = load_text_encoder(options)
        kept(files[1], lambda: encode_texts(encoder, chosen, options.batch_size))
        kept(files[0], lambda: encode_texts(encoder, texts, options.batch_size))
    return np.load(files[0]), np.load(files[1])


def enlarged(real: np.ndarray, size: int, cache: Path) -> np.ndarray:
    """Returns `size` vectors, at the noise that keeps the ratios of neighbours' distances; prints them."""
    if size <= len(real):
        return real[:size]
    wanted = distance_ratios(real)
    file, scale_file = cache / f"vectors_{size}.npy", cache / f"noise_{size}.npy"
    if not file.exists():
        neighbours = exact_neighbours(real, real, K + 1)
        tried = {}
        for scale in NOISE_SCALES:
            ratios = distance_ratios(with_noise(real, neighbours, size, scale))
            tried[scale] = float(np.abs(np.log(np.array(ratios) / wanted)).sum())
        scale = min(tried, key=lambda one: tried[one])
        np.save(file, with_noise(real, neighbours, size, scale))
        np.save(scale_file, scale)
    vectors = np.load(file)
    print(f"noise scale {float(np.load(scale_file))}; medians of distances:   nearest / 10th   nearest / random")
    for name, ratios in (("real", wanted), ("enlarged", distance_ratios(vectors))):
        print(f"{name:>44}{ratios[0]:17.3f}{ratios[1]:19.3f}")
    return vectors


def with_noise(real: np.ndarray, neighbours: np.ndarray, size: int, scale: float) -> np.ndarray:
    """Doubles the vectors until there are `size`: every copy is moved by a scaled difference of two real neighbours."""
    random = np.random.default_rng(SEED)
    vectors = np.empty((size, real.shape[1]), np.float32)
    vectors[: len(real)] = real
    have, rows = len(real), 65_536
    while have < size:
        for start in range(0, min(have, size - have), rows):
            stop = min(start + rows, have, size - have)
            one = random.integers(len(real), size=stop - start)
            other = neighbours[one, random.integers(neighbours.shape[1], size=len(one))]
            moved = vectors[start:stop] + np.float32(scale) * (real[other] - real[one])
            vectors[have + start : have + stop] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
        have += min(have, size - have)
    return vectors


def distance_ratios(vectors: np.ndarray, sample: int = 500) -> tuple[float, float]:
    """Returns the medians of nearest / 10th nearest and of nearest / random over a sample of vectors of length 1."""
    random = np.random.default_rng(SEED)
    chosen = vectors[random.choice(len(vectors), sample, replace=False)]
    products = np.take_along_axis(chosen @ vectors.T, exact_neighbours(vectors, chosen, K + 1), axis=1)
    # The largest product is that of the vector with itself.
    near = np.sqrt(np.maximum(2.0 - 2.0 * -np.sort(-products, axis=1)[:, 1:], 0.0))
    others = chosen @ vectors[random.choice(len(vectors), sample, replace=False)].T
    apart = np.sqrt(np.maximum(2.0 - 2.0 * others, 0.0)).mean(axis=1)
    return float(np.median(near[:, 0] / near[:, -1])), float(np.median(near[:, 0] / apart))


def kept(file: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Returns an array that is made once."""
    if not file.exists():
        np.save(file, make())
    return np.load(file)


if __name__ == "__main__":
    typer.run(main)
