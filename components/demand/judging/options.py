"""Options of judging a model of demand; plain models that the configuration can import without TFX."""

import json
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from components.errors import InputError
from components.gate.rules import Approval, Margin
from trainer.options import Options

DemandBaseline = Literal["last_week", "median_of_8", "tsb", "auto_ets", "gradient_boosting"]
DemandMetric = Literal["wape", "pinball_90", "pinball_50", "pinball"]
MOST_STATISTICAL_SERIES = 5_000


class DemandGateOptions(Options):
    """What a model of demand must reach to be blessed; of all its metrics less is better.

    Four rules, all of which must hold. Thresholds: each metric of `thresholds` is at most its value. Baselines: for
    each metric of `baseline_margins`, the model is not worse than the best of `baselines` by more than that share of
    the baseline's value. Last blessed: nor than the model that was blessed last by more than `last_blessed_margin`, in
    WAPE. Coverage: the share of weeks up to the 0.9 quantile lies within `coverage_90`. The comparisons refuse a model
    only on
    evidence: a bootstrap interval over series that lies above zero as a whole, over at least `min_series` series.

    Attributes:
        approval: `automatic` serves what was blessed; with `manual` it waits until a person approves it.
        thresholds: Most that a metric may be, as in `{"wape": 0.6}`.
        baselines: Baselines that are asked, and that the gate compares with.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed excess as a share.
        last_blessed_margin: Allowed excess over the last blessed model's WAPE, as a share of it.
        coverage_90: Least and most share of the weeks whose units are up to the 0.9 quantile.
        min_series: Series that a comparison or the coverage needs to count against a model.
        baseline_series: Series that the baselines are asked about, drawn by a hash of their ids; at most 5,000, since
            methods for one series take milliseconds for each.
        resamples: Bootstrap resamples of each interval.
        seed: Seed of the resampling.
    """

    approval: Approval = "automatic"
    thresholds: dict[DemandMetric, float] = Field(default={})
    baselines: tuple[DemandBaseline, ...] = ("last_week", "median_of_8", "tsb", "auto_ets", "gradient_boosting")
    baseline_margins: dict[DemandMetric, Margin] = Field(default={"wape": 0.0, "pinball_90": 0.05})
    last_blessed_margin: Margin = 0.05
    coverage_90: tuple[float, float] = (0.8, 0.98)
    min_series: int = Field(default=20, ge=2)
    baseline_series: int = Field(default=1_000, ge=1, le=MOST_STATISTICAL_SERIES)
    resamples: int = Field(default=500, ge=100)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _coverage_is_a_range(self) -> "DemandGateOptions":
        least, most = self.coverage_90
        if not 0.0 <= least <= most <= 1.0:
            raise ValueError(f"expected `coverage_90` to be two shares, the lesser first, got {self.coverage_90}")
        return self

    @classmethod
    def of_node(cls, options_json: str, thresholds_json: str) -> "DemandGateOptions":
        """Reads the options that the evaluator was given.

        Args:
            options_json: These options.
            thresholds_json: JSON object of metrics and values in place of the thresholds; empty keeps them.

        Raises:
            InputError: The thresholds are not what they should be.
        """
        options = cls.model_validate_json(options_json)
        if not thresholds_json:
            return options
        try:
            return cls.model_validate({**options.model_dump(), "thresholds": json.loads(thresholds_json)})
        except ValueError as error:
            wrong = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise InputError(
                f'`thresholds` should be JSON such as {{"wape": 0.6}}, got {thresholds_json}: {wrong}'
            ) from error
