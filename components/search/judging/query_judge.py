"""What a search model, and each side of it, answers to test queries."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from serving.client import Shelfwise
from serving.graph.filters import MAX_EXCLUDED_IDS
from serving.model_names import SEARCH_MODEL
from serving.signature_names import EVALUATE, FILTERED
from trainer.artifacts.catalogue import load_catalogue
from trainer.metrics.ranking import hit_matrix, mrr_at_k, ndcg_at_k, recall_at_k
from trainer.search.export import WEIGHTED_SIGNATURE
from trainer.search.queries import JudgedQueries, judged_queries

DENSE, LEXICAL = "dense", "lexical"
# The model with queries read by the BERT that reads products, where a taught tower reads them when it is served.
FULL_QUERY_TOWER = "full_query_tower"
METRICS = ("recall", "ndcg", "mrr")
SLICE, HEADLINE = "slice", "headline"
# Queries asked in one call: each holds some numbers for every product.
QUERIES_AT_ONCE = 32

# Weights of both sides by which the model for comparison is one of them alone.
_SIDES = {DENSE: (1.0, 0.0), LEXICAL: (0.0, 1.0)}

Rank = Callable[[Sequence[str], int], npt.NDArray[np.int64]]


class QueryJudge:
    """Ranks products for queries by each system and measures the rankings.

    Args:
        catalogue_uri: The catalogue artifact.
        models: Paths of served models by name of the system.
        comparison: Path of the model whose signature `weighted` is either side alone.
        ks: List lengths of the metrics.
        relevant_from: Least relevance of a product that answers a query.

    Raises:
        ValueError: A model lacks the signature that it is asked by.
        OSError: There is no SavedModel.
    """

    def __init__(
        self,
        catalogue_uri: str,
        models: Mapping[str, str],
        comparison: str,
        ks: Sequence[int],
        relevant_from: float,
    ) -> None:
        ids = load_catalogue(catalogue_uri)["product_id"].cast(pa.binary()).to_pylist()
        index = {product_id: place for place, product_id in enumerate(ids)}
        self._ks, self._relevant_from = tuple(ks), relevant_from
        self._systems: dict[str, Rank] = {
            name: served_ranking(tf.saved_model.load(path), index) for name, path in models.items()
        }
        self._systems |= side_rankings(tf.saved_model.load(comparison), index)

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a query of serialized test examples, as `measure_rankings` does."""
        queries = judged_queries(list(records))
        width = max(self._ks)
        lists = {system: rank(queries.queries, width) for system, rank in self._systems.items()}
        return measure_rankings(queries, lists, self._ks, self._relevant_from)


def measure_rankings(
    queries: JudgedQueries, lists: Mapping[str, npt.NDArray[np.int64]], ks: Sequence[int], relevant_from: float
) -> pa.Table:
    """Measures what systems answer to queries.

    Args:
        queries: What was asked.
        lists: For each system int64 `(queries, width)` product indices, best first, -1 for none.
        ks: List lengths.
        relevant_from: Least relevance of a product that answers a query.

    Returns:
        One row a query, with `query_schema`; queries without a relevant product are left out.
    """
    offsets, targets = queries.relevant(relevant_from)
    counts = np.diff(offsets)
    columns: dict[str, object] = {SLICE: queries.slices, HEADLINE: queries.headline}
    for system, ranked in lists.items():
        hits = hit_matrix(ranked, offsets, targets)
        for k in ks:
            # Of more relevant products than places no list could hold all.
            columns[f"{system}.recall_at_{k}"] = recall_at_k(hits, np.minimum(counts, k), k)
            columns[f"{system}.ndcg_at_{k}"] = ndcg_at_k(hits, counts, k)
            columns[f"{system}.mrr_at_{k}"] = mrr_at_k(hits, counts, k)
    return pa.table(columns, schema=query_schema(list(lists), ks)).filter(pa.array(counts > 0))


def query_schema(systems: Sequence[str], ks: Sequence[int]) -> pa.Schema:
    """Returns the columns of `QueryJudge.judge`: slice, headline, and SYSTEM.METRIC_at_K of each."""
    metrics = [f"{system}.{metric}_at_{k}" for system in systems for k in ks for metric in METRICS]
    return pa.schema([(SLICE, pa.string()), (HEADLINE, pa.bool_()), *((name, pa.float64()) for name in metrics)])


def served_ranking(model: Any, index: Mapping[bytes, int]) -> Rank:
    """Returns a function that ranks every product for queries, with none that stands for others, and no filter.

    A model of an earlier version has no signature `evaluate`. It never let a product stand for others, and is asked by
    `filtered`, with filters that let all pass.

    Args:
        model: The loaded SavedModel.
        index: Number of each product id; other ids become -1.

    Raises:
        ValueError: The model has neither signature, or not with these inputs.
    """
    is_earlier = EVALUATE not in model.signatures
    function = _signature(model, FILTERED if is_earlier else EVALUATE)
    if "query" not in function.structured_input_signature[1]:
        raise ValueError("The signatures of a search model should have the input query; `filtered` has none.")

    def rank(queries: Sequence[str], k: int) -> npt.NDArray[np.int64]:
        inputs = unfiltered_inputs(queries, k) if is_earlier else _inputs(queries, k)
        answer = function(**{name: tf.constant(value) for name, value in inputs.items()})
        return _indices(answer["product_ids"].numpy(), index, model)

    return rank


def client_ranking(client: Shelfwise, index: Mapping[bytes, int]) -> Rank:
    """Returns how the server of a client ranks products; otherwise as `served_ranking`, for models of this version."""

    def rank(queries: Sequence[str], k: int) -> npt.NDArray[np.int64]:
        answer = client.predict(SEARCH_MODEL, EVALUATE, _inputs(queries, k), ["product_ids"])
        return _indices(answer["product_ids"], index, client)

    return rank


def _inputs(queries: Sequence[str], k: int) -> dict[str, npt.NDArray[Any]]:
    """Returns the inputs of `evaluate`."""
    return {"query": np.array([query.encode() for query in queries], object), "k": np.full(len(queries), k, np.int32)}


def unfiltered_inputs(queries: Sequence[str], k: int) -> dict[str, npt.NDArray[Any]]:
    """Returns the inputs of `filtered` by which every product passes."""
    rows = len(queries)
    return _inputs(queries, k) | {
        "category": np.full(rows, b"", object),
        "max_price": np.zeros(rows, np.float32),
        "in_stock_only": np.zeros(rows, np.bool_),
        "exclude_ids": np.full((rows, MAX_EXCLUDED_IDS), b"", object),
    }


def rank_in_batches(rank: Rank, queries: Sequence[str], k: int) -> npt.NDArray[np.int64]:
    """Ranks products for any number of queries, a bounded number of them at a time."""
    starts = range(0, len(queries), QUERIES_AT_ONCE)
    return np.concatenate([rank(queries[start : start + QUERIES_AT_ONCE], k) for start in starts])


def side_rankings(model: Any, index: Mapping[bytes, int]) -> dict[str, Rank]:
    """Returns how each side alone ranks, by its name; as `served_ranking`, for the model for comparison."""
    function = _signature(model, WEIGHTED_SIGNATURE)

    def side(dense: float, lexical: float) -> Rank:
        def rank(queries: Sequence[str], k: int) -> npt.NDArray[np.int64]:
            rows = len(queries)
            answer = function(
                query=tf.constant(list(queries), tf.string, [rows]),
                k=tf.fill([rows], k),
                dense=tf.fill([rows], dense),
                lexical=tf.fill([rows], lexical),
            )
            return _indices(answer["product_ids"].numpy(), index, model)

        return rank

    return {name: side(*weights) for name, weights in _SIDES.items()}


def _signature(model: Any, name: str) -> Any:
    signatures = model.signatures
    if name not in signatures:
        raise ValueError(f"The model should have the signature `{name}`. It has: {', '.join(signatures) or 'none'}.")
    return signatures[name]


def _indices(ids: npt.NDArray[Any], index: Mapping[bytes, int], system: object) -> npt.NDArray[np.int64]:
    del system  # Only kept alive: a model's variables live as long as it does.
    return np.array([index.get(product_id, -1) for product_id in ids.ravel()], np.int64).reshape(ids.shape)
