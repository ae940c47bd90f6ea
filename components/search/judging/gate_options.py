"""Options of the search evaluator and its gate; plain models that the configuration can import without TFX."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.gate.ranking_rules import RankingGateRules
from components.gate.rules import Margin

SearchBaseline = Literal["lexical", "dense"]


def _search_metric(name: str) -> str:
    if not re.fullmatch(r"(recall|ndcg|mrr)_at_[1-9]\d*", name):
        raise ValueError(f"`{name}` is not a metric of search: use recall_at_K, ndcg_at_K or mrr_at_K")
    return name


SearchMetric = Annotated[str, AfterValidator(_search_metric)]


class SearchGateOptions(RankingGateRules):
    """What a search model must reach to be blessed: the rules of `RankingGateRules`, and a recall of its index.

    Queries stand where the rules speak of users. Each side of the model is a baseline of the two together: `lexical` is
    BM25 over the same words.

    Attributes:
        baselines: Baselines that the gate compares with; both are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        relevant_from: Least relevance of a product that answers a query.
        min_index_recall: Least recall at 10 of the index against exact search.
        max_query_tower_loss: Share of NDCG that may be lost where a taught tower reads queries
            (`training.query_layers`), beside the BERT that reads products: on the validation queries for the tower to
            be served at all, and on the test queries for the model to be blessed.
        min_slice_queries: Test queries that a way of perturbing them needs to become a slice.
    """

    k: tuple[int, ...] = Field((10, 100), min_length=1)
    baselines: tuple[SearchBaseline, ...] = ("lexical", "dense")
    thresholds: dict[SearchMetric, float] = Field(default={})
    baseline_margins: dict[SearchMetric, Margin] = Field(default={"ndcg_at_10": 0.05})
    last_blessed_metric: SearchMetric = "ndcg_at_10"
    relevant_from: float = Field(0.5, gt=0.0, le=1.0)
    min_index_recall: float = Field(0.95, ge=0.0, le=1.0)
    max_query_tower_loss: float = Field(0.02, ge=0.0, lt=1.0)
    min_slice_queries: int = Field(20, ge=1)
