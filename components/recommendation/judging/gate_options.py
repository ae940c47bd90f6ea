"""Options of the recommendation evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field, model_validator

from components.gate.ranking_rules import MetricName, RankingGateRules
from components.gate.rules import Margin

RecommendationBaseline = Literal["popularity", "personal_frequency", "decayed_personal_frequency"]


class RecommendationGateOptions(RankingGateRules):
    """What a recommendation model must reach to be blessed, by the rules of `RankingGateRules`.

    The default compares novel products with popularity, which every shop has: what users buy again and again is
    predicted by their own counts better than by any tower, so a shop that ranks those with a ranker adds
    `ndcg_at_10` here and `decayed_personal_frequency` to `baselines`.

    Attributes:
        max_users: Test users that are asked about; of more, about so many are, chosen by a hash of their ids, which the
            evaluation and the summary say.
        min_slice_users: Users that a value of an attribute needs to become a slice.
        cold_user_events: Users with at most this many events in their history make up the `cold_` metrics.
        baselines: Baselines that the gate compares with; all are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        max_gap: How far the users of an attribute's value may fall short of those of all other values, by metric, as in
            `{"ndcg_at_10": 0.02}`; more than that refuses the model where it is beyond chance, over 30 users or more on
            both sides. Recall, ndcg and mrr at the one list length of slices have gaps.
    """

    max_users: int = Field(20_000, ge=2)
    min_slice_users: int = Field(20, ge=1)
    cold_user_events: int = Field(5, ge=0)
    baselines: tuple[RecommendationBaseline, ...] = ("popularity",)
    baseline_margins: dict[MetricName, Margin] = Field(default={"novel_ndcg_at_10": 0.05})
    max_gap: dict[MetricName, Margin] = Field(default={})

    @model_validator(mode="after")
    def _gaps_are_of_metrics_of_slices(self) -> "RecommendationGateOptions":
        known = [f"{metric}_at_{self.headline_k}" for metric in ("recall", "ndcg", "mrr")]
        for name in self.max_gap:
            if name not in known:
                raise ValueError(f"`max_gap` names `{name}`, which slices do not have: use one of {', '.join(known)}")
        return self
