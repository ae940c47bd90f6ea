"""Options of the segmentation evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import ClassVar, Literal

from pydantic import Field

from components.gate.rules import Margin
from components.labels.gate_rules import ComparedMetric, LabelGateRules
from components.segmentation.judging.slices import HISTORY_LENGTH

SegmentationBaseline = Literal["carried_forward", "gradient_boosting"]


class SegmentationGateOptions(LabelGateRules):
    """What a segmentation must reach to be blessed.

    The baseline `carried_forward` says that a user's next tier is that of the last period, which given segments have
    not; `gradient_boosting` learns from recency, frequency and money, in all and by area. The default margins are of
    non-inferiority: what a user will spend is mostly what the user did spend, so that all good models are close.

    Attributes:
        baselines: Baselines that the gate compares with, where there are any; all are computed and reported.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        max_users: Test users that are asked about; of more, about so many are, chosen by a hash of their ids, which the
            evaluation and the summary say.
        min_slice_users: Test users that a slice needs.
        max_baseline_users: Training examples that gradient boosting learns from at the most.
    """

    built_in_slices: ClassVar[tuple[str, ...]] = (HISTORY_LENGTH,)
    baselines: tuple[SegmentationBaseline, ...] = ("carried_forward", "gradient_boosting")
    baseline_margins: dict[ComparedMetric, Margin] = Field(default={"f1_macro": 0.05, "accuracy": 0.05})
    max_users: int = Field(20_000, ge=2)
    min_slice_users: int = Field(30, ge=1)
    max_baseline_users: int = Field(100_000, ge=2)

    @property
    def max_sampled(self) -> int:
        """Test users that are asked about."""
        return self.max_users

    @property
    def min_slice_rows(self) -> int:
        """Test users that a slice needs."""
        return self.min_slice_users

    @property
    def max_baseline_rows(self) -> int:
        """Training examples that gradient boosting learns from at the most."""
        return self.max_baseline_users
