"""Which tower reads the queries of a served search model: the taught one, unless it loses too much."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.search.judging.query_judge import rank_in_batches
from serving.search.module import SearchModule
from serving.signature_names import EVALUATE
from trainer.metrics.ranking import hit_matrix, ndcg_at_k
from trainer.search.queries import JudgedQueries

logger = logging.getLogger(__name__)

_K = 10


class TowerChoice(NamedTuple):
    """What was found on the validation queries.

    Attributes:
        ndcg_at_10: Of the whole model with the taught tower; None where no validation query has an answer.
        full_ndcg_at_10: With the full one, which reads products.
        is_served: Whether the taught tower is served.
        note: Why it is not, a sentence; None where it is.
    """

    ndcg_at_10: float | None
    full_ndcg_at_10: float | None
    is_served: bool
    note: str | None


def choose_tower(
    taught: SearchModule, full: SearchModule, queries: JudgedQueries, relevant_from: float, max_loss: float
) -> TowerChoice:
    """Compares two models that differ by what reads their queries, and logs what comes of it.

    Args:
        taught: Queries are read by the taught tower.
        full: By the full one.
        queries: Validation queries.
        relevant_from: Least relevance of a product that answers a query.
        max_loss: Share of the NDCG that the taught tower may lose.
    """
    value, full_value = (_ndcg(module, queries, relevant_from) for module in (taught, full))
    note = None
    if value is not None and full_value is not None and value < full_value * (1.0 - max_loss):
        note = (
            f"Queries are read by the full BERT: the taught tower (`tasks.search.training.query_layers`) reaches "
            f"ndcg_at_10 {value:.4f} on the validation queries where the full one has {full_value:.4f}, which is more "
            f"than `tasks.search.gate.max_query_tower_loss` lets it lose. A query takes longer so."
        )
        logger.warning(note)
    else:
        logger.info("Queries are read by the taught tower: ndcg_at_10 %s, with the full one %s", value, full_value)
    return TowerChoice(value, full_value, note is None, note)


def tower_notes(index: dict[str, Any]) -> Sequence[str]:
    """Returns a sentence where index.json says that the taught tower is not served."""
    tower = index.get("query_tower")
    return [tower["note"]] if tower and tower["note"] else []


def _ndcg(module: SearchModule, queries: JudgedQueries, relevant_from: float) -> float | None:
    """Returns the mean NDCG@10 of what a model answers."""
    offsets, targets = queries.relevant(relevant_from)
    if not len(targets):
        return None
    products = {product_id: place for place, product_id in enumerate(module.product_ids.numpy().tolist())}
    evaluate = module.signatures(EVALUATE)[EVALUATE]

    def rank(texts: Sequence[str], k: int) -> npt.NDArray[np.int64]:
        ids = evaluate(query=tf.constant(list(texts)), k=tf.fill([len(texts)], k))["product_ids"].numpy()
        return np.array([products.get(product_id, -1) for product_id in ids.ravel()], np.int64).reshape(ids.shape)

    hits = hit_matrix(rank_in_batches(rank, queries.queries, _K), offsets, targets)
    return float(np.nanmean(ndcg_at_k(hits, np.diff(offsets), _K)))
