"""Options of the search evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field

from components.gate_options import GateRules, Margin, MetricName

SearchBaseline = Literal["lexical", "dense"]


class SearchGateOptions(GateRules):
    """What a search model must reach to be blessed: the rules of `GateRules`, and a recall of its index.

    Queries stand where the rules speak of users. Each side of the model is a baseline of the two together: `lexical` is
    BM25 over the same words.

    Attributes:
        baselines: Baselines that the gate compares with; both are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        relevant_from: Least relevance of a product that answers a query.
        min_index_recall: Least recall at 10 of the index against exact search.
        min_slice_queries: Test queries that a way of perturbing them needs to become a slice.
    """

    k: tuple[int, ...] = Field((10, 100), min_length=1)
    baselines: tuple[SearchBaseline, ...] = ("lexical", "dense")
    baseline_margins: dict[MetricName, Margin] = Field(default={"ndcg_at_10": 0.05})
    relevant_from: float = Field(0.5, gt=0.0, le=1.0)
    min_index_recall: float = Field(0.95, ge=0.0, le=1.0)
    min_slice_queries: int = Field(20, ge=1)
