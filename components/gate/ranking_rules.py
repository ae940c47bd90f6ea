"""The rules of a gate for models that rank; plain models that the configuration can import without TFX."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from components.gate.rules import GateRules, Margin

_METRIC_NAME = re.compile(r"(novel_|cold_)?(recall|ndcg|mrr|coverage|diversity|novelty)_at_([1-9]\d*)")
_WITHOUT_INTERVALS = ("coverage", "diversity", "novelty")
_HEADLINE_K = 10


def _known_metric(name: str) -> str:
    if not _METRIC_NAME.fullmatch(name):
        raise ValueError(
            f"`{name}` is not a metric: use recall_at_K, ndcg_at_K, mrr_at_K, coverage_at_K, diversity_at_K or "
            "novelty_at_K, alone or with novel_ or cold_ before it"
        )
    return name


MetricName = Annotated[str, AfterValidator(_known_metric)]


class RankingGateRules(GateRules):
    """The rules of `GateRules` for a model that ranks.

    Attributes:
        k: List lengths that metrics are computed at.
    """

    k: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field((5, 10, 20), min_length=1)
    thresholds: dict[MetricName, float] = Field(default={})
    baseline_margins: dict[MetricName, Margin] = Field(default={})
    last_blessed_metric: MetricName = "ndcg_at_10"

    @model_validator(mode="after")
    def _metrics_are_computed(self) -> Self:
        """Refuses a metric at a k that is not computed, or a comparison that has no users to resample."""
        for name in (*self.thresholds, *self.baseline_margins, self.last_blessed_metric):
            match = _METRIC_NAME.fullmatch(name)
            if match is not None and int(match.group(3)) not in self.k:
                raise ValueError(f"`{name}` is not computed: add {match.group(3)} to `k`, which is {list(self.k)}")
        for name in (*self.baseline_margins, self.last_blessed_metric):
            if any(metric in name for metric in _WITHOUT_INTERVALS):
                raise ValueError(
                    f"`{name}` has no interval of a difference, so it can have a threshold but no comparison"
                )
        return self

    @property
    def headline_k(self) -> int:
        """The one list length of slices and of the cold start: 10, or the first of `k` where 10 is not in it."""
        return _HEADLINE_K if _HEADLINE_K in self.k else self.k[0]
