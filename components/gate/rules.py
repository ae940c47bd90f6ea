"""Options of the ranking evaluator and its gate; plain models that the configuration can import without TFX."""

import json
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from components.errors import InputError
from trainer.options import Options

BaselineName = Literal["popularity", "personal_frequency", "decayed_personal_frequency"]

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
Margin = Annotated[float, Field(ge=0.0)]


class GateRules(Options):
    """What decides whether a model is blessed.

    Three rules, all of which must hold. Absolute: each metric of `thresholds` reaches its value. Baselines: for each
    metric of `baseline_margins`, the model does not fall short of the best of `baselines` by more than that share of
    the baseline's value. Last blessed: on `last_blessed_metric` it does not fall short of the model that was blessed
    last by more than `last_blessed_margin`, judged on the same users. The two comparisons refuse a model only on
    evidence: a bootstrap interval of the difference that lies below zero as a whole, over at least `min_users` users,
    since resamples of a handful of users hardly differ and make an interval far too narrow.

    Attributes:
        thresholds: Least value of a metric, as in `{"ndcg_at_10": 0.05}`.
        baselines: Baselines that the gate compares with; all are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        last_blessed_metric: Metric compared with the last blessed model.
        last_blessed_margin: Allowed shortfall to the last blessed model, as a share of its value.
        min_users: Users that a comparison needs to count against a model.
        resamples: Bootstrap resamples of each interval.
        seed: Seed of the resampling.
    """

    thresholds: dict[str, float] = Field(default={})
    baselines: tuple[str, ...] = ()
    baseline_margins: dict[str, Margin] = Field(default={})
    last_blessed_metric: str
    last_blessed_margin: Margin = 0.05
    min_users: int = Field(20, ge=2)
    resamples: int = Field(1000, ge=100)
    seed: int = Field(0, ge=0)

    def with_thresholds(self, thresholds_json: str) -> Self:
        """Returns these options with other thresholds, given as a JSON object of metrics and values.

        Raises:
            InputError: The text is not such an object, or names a metric that is not computed.
        """
        try:
            thresholds = json.loads(thresholds_json)
            return type(self).model_validate({**self.model_dump(), "thresholds": thresholds})
        except ValueError as error:
            wrong = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise InputError(
                f'`thresholds` should be JSON such as {{"ndcg_at_10": 0.05}}, got {thresholds_json}: {wrong}'
            ) from error


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


class GateOptions(RankingGateRules):
    """What a recommendation model must reach to be blessed, by the rules of `RankingGateRules`.

    The default compares novel products with popularity, which every shop has: what users buy again and again is
    predicted by their own counts better than by any tower, so a shop that ranks those with a ranker adds
    `ndcg_at_10` here and `decayed_personal_frequency` to `baselines`.

    Attributes:
        min_slice_users: Users that a value of an attribute needs to become a slice.
        cold_user_events: Users with at most this many events in their history make up the `cold_` metrics.
        baselines: Baselines that the gate compares with; all are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
    """

    min_slice_users: int = Field(20, ge=1)
    cold_user_events: int = Field(5, ge=0)
    baselines: tuple[BaselineName, ...] = ("popularity",)
    baseline_margins: dict[MetricName, Margin] = Field(default={"novel_ndcg_at_10": 0.05})
