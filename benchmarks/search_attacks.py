"""How often disguised queries make a search lose what it found: the attacks of `robustness.py` on search."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tensorflow as tf

from benchmarks.pipeline_runs import run_beside_data
from benchmarks.search_quality import CONFIG, RELEVANT_GRADE, prepare
from components.search.judging.query_judge import Rank, rank_in_batches, served_ranking
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue
from trainer.classification.disguising import DISGUISES
from trainer.metrics.ranking import hit_matrix, ndcg_at_k
from trainer.options import TextOptions
from trainer.search.encoder import SearchEncoder, load_encoder
from trainer.search.query_tower.static_tower import StaticQueryTower
from trainer.search.query_tower.tower import load_query_tower
from trainer.text.backbone import load_text_encoder

_K, _ENCODED_AT_ONCE = 10, 64
# Of a word so many near ones are looked at, and of a query so many swaps.
_NEAR, _SWAPS = 20, 10
# Cosine of a query with what it is swapped for, by BERT as it came, from which a person would want the same.
_MEANS_THE_SAME = 0.9

_BoolArray = npt.NDArray[np.bool_]


class Asked(NamedTuple):
    """Test queries with the places in the catalogue of the products that answer each."""

    queries: list[str]
    relevant: list[npt.NDArray[np.int64]]

    def some(self, rows: npt.NDArray[np.integer]) -> "Asked":
        """Returns some of them."""
        return Asked([self.queries[row] for row in rows], [self.relevant[row] for row in rows])

    def hits(self, rank: Rank, texts: Sequence[str]) -> _BoolArray:
        """Tells which of the first ten products for texts answer the queries in their places, bool `(queries, 10)`."""
        offsets = np.cumsum([0, *map(len, self.relevant)])
        return hit_matrix(rank_in_batches(rank, texts, _K), offsets, np.concatenate(self.relevant))


def attack_search(
    data: Path, folder: Path, *, products: int, queries: int, tries: int, share: float
) -> dict[str, float | None]:
    """Trains a search, attacks it, has it read queries undisguised, and attacks it again.

    An attack succeeds where a query found an answer among the first ten products, and finds none in any of its tries.

    Args:
        data: Folder of products.parquet and judgements.parquet, as `search_quality.py` reads them.
        folder: Of the run.
        products: How many there are, those that test queries were judged with first.
        queries: Test queries that are attacked.
        tries: Of each disguise.
        share: Of the words, or letters, that are disguised.
    """
    write_fewer_products(data, folder / "judged", products)
    prepare(folder / "judged", folder / "data")
    figures: dict[str, float | None] = {}
    for name, undisguise in (("before", "false"), ("after", "true")):
        # In this process TensorFlow has computed, and none may be forked off it.
        overrides = [f"tasks.search.serving.undisguise={undisguise}", "local.workers=1"]
        summary = run_beside_data(CONFIG.read_text(encoding="utf-8"), folder, overrides)
        catalogue = load_catalogue(str(latest_artifact(folder, "SearchExamples", "catalogue")))
        index = {product_id.encode(): place for place, product_id in enumerate(catalogue["product_id"].to_pylist())}
        asked = asked_of(pq.read_table(folder / "judged" / "judgements.parquet"), index)
        rank = served_ranking(tf.saved_model.load(pushed_search(summary)), index)
        hits = asked.hits(rank, asked.queries)
        figures[f"clean_{name}"] = float(ndcg_at_k(hits, np.array([*map(len, asked.relevant)]), _K).mean())
        found = asked.some(np.flatnonzero(hits.any(axis=1))[:queries])
        made = disguised_queries(found.queries, tries, share)
        made["swapped_words"] = [
            swapped_words(found, str(latest_artifact(folder, "SearchTrainer", "model")), catalogue["text"].to_pylist())
        ]
        won = {
            attack: np.any([~found.hits(rank, texts).any(axis=1) for texts in attempts], axis=0)
            for attack, attempts in made.items()
        }
        figures[f"success_{name}"] = float(np.any(list(won.values()), axis=0).mean())
        figures |= {f"{attack}_{name}": float(each.mean()) for attack, each in won.items()}
    return figures


def pushed_search(summary: RunSummary) -> str:
    """Returns the folder of the search that a run pushed; of a run from the cache, what was pushed then.

    Raises:
        ValueError: The run pushed none.
    """
    task = summary.tasks["search"]
    if task.pushed is None:
        raise ValueError(f"A search should have been pushed to be attacked. It was refused: {task.refused_because}.")
    return str(task.pushed)


def write_fewer_products(data: Path, folder: Path, products: int) -> None:
    """Writes some products with the judgements of them, those of test queries first."""
    judgements = pq.read_table(data / "judgements.parquet")
    tested = set(judgements.filter(pc.equal(judgements["split"], "test"))["product_id"].to_pylist())
    table = pq.read_table(data / "products.parquet")
    ids = table["product_id"].to_pylist()
    order = sorted(range(len(ids)), key=lambda row: (ids[row] not in tested, zlib.crc32(str(ids[row]).encode())))
    kept = table.take(order[:products])
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(kept, folder / "products.parquet")
    known = judgements.filter(pc.is_in(judgements["product_id"], kept["product_id"].combine_chunks()))
    pq.write_table(known, folder / "judgements.parquet")


def asked_of(judgements: pa.Table, index: Mapping[bytes, int]) -> Asked:
    """Returns the test queries that have an answer, in an order that says nothing of them."""
    rows = judgements.filter(
        pc.and_(pc.equal(judgements["split"], "test"), pc.greater_equal(judgements["relevance"], RELEVANT_GRADE))
    )
    relevant: dict[str, list[int]] = {}
    for row in rows.to_pylist():
        relevant.setdefault(row["query"], []).append(index[str(row["product_id"]).encode()])
    queries = sorted(relevant, key=lambda query: zlib.crc32(query.encode()))
    return Asked(queries, [np.unique(relevant[query]) for query in queries])


def disguised_queries(queries: Sequence[str], tries: int, share: float) -> dict[str, list[list[str]]]:
    """Returns the tries of each disguise by its name."""
    random = np.random.default_rng(0)
    return {
        name: [[disguise(query, share, random) for query in queries] for _ in range(tries)]
        for name, disguise in DISGUISES.items()
    }


def swapped_words(asked: Asked, trained: str, texts: Sequence[str]) -> list[str]:
    """Swaps a word of each query for a near one that takes it away from its answers.

    Which one, the gradient of the query tower says: of the cosine of its vector with the mean of the answers' (Ebrahimi
    et al., "HotFlip", ACL 2018). Only such swaps count as leave the query's meaning as it is for BERT as it came, which
    has learned nothing of the shop; a query without any stays.
    """
    encoder = load_encoder(trained)
    tower = load_query_tower(trained, encoder)
    if not isinstance(tower, StaticQueryTower):
        raise TypeError("Words are swapped by the gradient of a static tower; set `training.query_layers: static`.")
    means = np.stack(
        [encoder.embed([texts[row] for row in rows], _ENCODED_AT_ONCE).mean(axis=0) for rows in asked.relevant]
    )
    near = _NearTokens(tower)
    candidates = [near.swaps(query, mean) for query, mean in zip(asked.queries, means, strict=True)]
    plain = SearchEncoder(load_text_encoder(TextOptions(sequence_length=32)), None)
    return [
        _first_of_the_same_meaning(plain, query, swaps) for query, swaps in zip(asked.queries, candidates, strict=True)
    ]


def _first_of_the_same_meaning(plain: SearchEncoder, query: str, swaps: list[str]) -> str:
    vectors = plain.embed([query, *swaps], _ENCODED_AT_ONCE)
    same = (vectors[1:] @ vectors[0] >= _MEANS_THE_SAME).tolist()
    return next((swap for swap, kept in zip(swaps, same, strict=True) if kept), query)


class _NearTokens:
    """Swaps of words by the vectors that a static tower has for them."""

    def __init__(self, tower: StaticQueryTower) -> None:
        self._tower = tower.tower
        self._words = [str(word) for word in tower.text_encoder.tokenizer.get_vocabulary()]
        self._ids = {
            word: place for place, word in enumerate(self._words) if word.isascii() and word.isalpha() and len(word) > 2
        }
        self._vectors = tower.tower.token_vectors.embeddings.numpy()
        self._places = np.array(list(self._ids.values()))
        vectors = self._vectors[self._places]
        self._units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def swaps(self, query: str, answer: npt.NDArray[np.float32]) -> list[str]:
        """Returns the query with one word swapped, what takes it furthest from the answer's vector first."""
        words = query.lower().split()
        known = [self._ids[word] for word in words if word in self._ids]
        if not known:
            return []
        summed = tf.constant(self._vectors[known].sum(axis=0, keepdims=True))
        with tf.GradientTape() as tape:
            tape.watch(summed)
            cosine = tf.reduce_sum(self._tower.finish(summed) * answer)
        slope = tape.gradient(cosine, summed)[0].numpy()
        losses = []
        for place, word in enumerate(words):
            if word not in self._ids:
                continue
            own = self._vectors[self._ids[word]]
            others = self._places[np.argsort(-(self._units @ own), kind="stable")[1 : _NEAR + 1]]
            for other, change in zip(others.tolist(), ((self._vectors[others] - own) @ slope).tolist(), strict=True):
                losses.append((change, " ".join([*words[:place], self._words[other], *words[place + 1 :]])))
        return [swap for change, swap in sorted(losses)[:_SWAPS] if change < 0.0]
