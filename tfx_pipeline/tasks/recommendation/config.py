"""What the configuration says of the task recommendation."""

from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from components.recommendation.examples.options import RecommendationDataOptions
from components.recommendation.judging.gate_options import RecommendationGateOptions
from components.rules.options import RulesOptions
from tfx_pipeline.shop.values import off_is_none
from trainer.privacy.options import NetworkPrivacyOptions
from trainer.recommendation.options import (
    LeaveOutOptions,
    RankerOptions,
    ServingOptions,
    TowerOptions,
    TrainingOptions,
    check_private,
)


class RecommendationConfig(RecommendationDataOptions):
    """The task `recommendation`: which events and products it learns from, and what follows.

    Attributes:
        towers: The shape of the two towers.
        training: How they are trained.
        privacy: How little the towers may learn from any one user (DP-SGD); left out, nothing is promised. Needs
            `towers.linear_dimensions: 0`, and `training.compared_products` of the whole catalogue at the least. Ranker,
            neighbours, popularity and rules are learned from everybody all the same.
        ranker: Orders what the towers, the user's own products and popularity propose; `off` answers with the towers.
        rules: Which products are bought together, and how that is mined; `off` mines nothing.
        leave_out: Products that are never recommended.
        serving: What the served model is exported with.
        gate: What a model must reach to be blessed.
    """

    towers: TowerOptions = TowerOptions()
    training: TrainingOptions = TrainingOptions()
    privacy: NetworkPrivacyOptions | None = None
    ranker: Annotated[RankerOptions | None, BeforeValidator(off_is_none)] = RankerOptions()
    rules: Annotated[RulesOptions | None, BeforeValidator(off_is_none)] = RulesOptions()
    leave_out: LeaveOutOptions = LeaveOutOptions()
    serving: ServingOptions = ServingOptions()
    gate: RecommendationGateOptions = RecommendationGateOptions()

    @model_validator(mode="after")
    def _nothing_is_learned_beside_private_steps(self) -> Self:
        check_private(self.privacy, self.towers)
        return self

    @model_validator(mode="after")
    def _capped_columns_are_compared(self) -> Self:
        for name in self.ranker.exposure_caps if self.ranker is not None else ():
            if name not in self.exposure_columns:
                raise ValueError(f"`ranker.exposure_caps` names `{name}`, which `exposure_columns` has to name too")
        return self
