"""The rules of every gate; plain models that the configuration can import without TFX."""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError

from components.errors import InputError
from trainer.options import Options

Approval = Literal["automatic", "manual"]
MANUAL: Approval = "manual"

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
        approval: `automatic` serves what was blessed; with `manual` it waits until a person approves it.
        thresholds: Least value of a metric, as in `{"ndcg_at_10": 0.05}`.
        baselines: Baselines that the gate compares with; all are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        last_blessed_metric: Metric compared with the last blessed model.
        last_blessed_margin: Allowed shortfall to the last blessed model, as a share of its value.
        min_users: Users that a comparison needs to count against a model.
        resamples: Bootstrap resamples of each interval.
        seed: Seed of the resampling.
    """

    approval: Approval = "automatic"
    thresholds: dict[str, float] = Field(default={})
    baselines: tuple[str, ...] = ()
    baseline_margins: dict[str, Margin] = Field(default={})
    last_blessed_metric: str
    last_blessed_margin: Margin = 0.05
    min_users: int = Field(20, ge=2)
    resamples: int = Field(1000, ge=100)
    seed: int = Field(0, ge=0)

    @classmethod
    def of_node(cls, options_json: str, thresholds_json: str) -> Self:
        """Reads the options that an evaluator was given.

        Args:
            options_json: These options.
            thresholds_json: Thresholds in place of theirs, as `with_thresholds` takes them; empty keeps them.

        Raises:
            InputError: The thresholds are not what they should be.
        """
        options = cls.model_validate_json(options_json)
        return options.with_thresholds(thresholds_json) if thresholds_json else options

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
                f'`thresholds` should be JSON such as {{"{self.last_blessed_metric}": 0.05}}, got {thresholds_json}: '
                f"{wrong}"
            ) from error
