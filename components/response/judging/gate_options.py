"""Options of the response evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.gate.rules import GateRules, Margin

ResponseBaseline = Literal["base_rate", "past_rate", "logistic_regression", "gradient_boosting"]
EXPLAINED_ENTROPY, AUC = "explained_entropy", "auc"


def _known_metric(name: str) -> str:
    if name not in (EXPLAINED_ENTROPY, AUC):
        raise ValueError(f"`{name}` is not a metric of responses: use {EXPLAINED_ENTROPY} or {AUC}")
    return name


def _compared_metric(name: str) -> str:
    if name != EXPLAINED_ENTROPY:
        raise ValueError(f"`{name}` has no interval of a difference: use {EXPLAINED_ENTROPY}")
    return name


class ResponseGateOptions(GateRules):
    """What a response model must reach to be blessed: the rules of `GateRules`, over the first outcome.

    Impressions stand where the rules speak of users. `explained_entropy` is 1 less the normalised entropy: the share of
    the log loss of knowing the base rate alone that the model takes away.

    Attributes:
        thresholds: Least value of `explained_entropy` or `auc`.
        baselines: Baselines that the gate compares with; all are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        last_blessed_metric: Metric compared with the last blessed model.
        max_baseline_rows: Training impressions that the baselines learn from at the most.
    """

    thresholds: dict[Annotated[str, AfterValidator(_known_metric)], float] = Field(default={EXPLAINED_ENTROPY: 0.0})
    baselines: tuple[ResponseBaseline, ...] = ("base_rate", "past_rate", "logistic_regression", "gradient_boosting")
    baseline_margins: dict[Annotated[str, AfterValidator(_compared_metric)], Margin] = Field(
        default={EXPLAINED_ENTROPY: 0.02}
    )
    last_blessed_metric: Annotated[str, AfterValidator(_compared_metric)] = EXPLAINED_ENTROPY
    max_baseline_rows: int = Field(200_000, ge=100)
