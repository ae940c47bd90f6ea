"""Options of RecommendationExamples; plain models that the configuration can import without TFX."""

from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from components.events.options import EventOptions, SplitOptions, check_bought_event_type
from trainer.options import Options, TextField

EventWeight = Annotated[float, Field(allow_inf_nan=False)]


class RecommendationDataOptions(Options):
    """Which events and products recommendation learns from: what the configuration of the task says too.

    Attributes:
        split: What is trained on, validated on and tested on.
        event_types: Weight of each event type as something to predict, in the order of their numbers; 0
            keeps a type as history only. A negative weight is for what rejects a product, such as dislike, hide or
            return: it is nothing to predict, makes the product less popular, and the product is in no answer until the
            user takes it up again. Events of other types are refused.
        low_rated_event_type: The type that an event counts as whose `value`, a rating from 1 to 5, is under 3; it must
            have a negative weight. When left out, the first type that has one; without any, ratings are not read.
        bought_event_type: The type that makes a product one that the user has bought.
        exposure_columns: Columns of products, each of whose values' share of attention in users' lists is compared with
            its share of events. One beyond those of every products table has to stand in
            `features.products.categorical` too; brand and seller may be missing.
        min_product_events: Events a product needs before the test period to enter the catalogue; 0 lets
            products in that nobody has touched yet.
    """

    split: SplitOptions = SplitOptions()
    event_types: dict[str, EventWeight] = Field(default={"view": 1.0, "cart": 1.0, "purchase": 1.0}, min_length=1)
    low_rated_event_type: str | None = None
    bought_event_type: str = "purchase"
    exposure_columns: tuple[str, ...] = ("brand", "seller")
    min_product_events: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _types_are_weighed(self) -> Self:
        check_bought_event_type(self.bought_event_type, self.event_types)
        if not any(weight > 0 for weight in self.event_types.values()):
            raise ValueError("`event_types` weighs nothing above 0, so there is nothing to predict")
        if self.event_types[self.bought_event_type] < 0:
            raise ValueError(
                f"`event_types.{self.bought_event_type}` should not be under 0: it is what counts as bought"
            )
        if self.low_rated_event_type is not None and self.low_rated_event_type not in self.rejecting_types():
            raise ValueError(
                f"`low_rated_event_type` is `{self.low_rated_event_type}`; it must be one of `event_types` with a "
                "negative weight"
            )
        return self

    def rejecting_types(self) -> tuple[str, ...]:
        """Returns the event types that reject a product."""
        return tuple(name for name, weight in self.event_types.items() if weight < 0)

    def type_of_low_ratings(self) -> str | None:
        """Returns the event type that low ratings count as; None where ratings are not read."""
        return self.low_rated_event_type or next(iter(self.rejecting_types()), None)


class RecommendationExamplesOptions(RecommendationDataOptions):
    """How events, products and users become examples for recommendation.

    Attributes:
        tower_history: Events that the user tower reads, and a training example holds, at the most.
        ranker_windows: Moments in the validation period from which the ranker looks back.
        ranker_history: Latest events that a ranker's example holds at the most.
        text_fields: Product columns that make up the text; empty when text is off.
        max_unknown_product_fraction: Share of the events whose product the products table may lack.
        max_targets: Products of a group that are sampled as targets at the most.
        replay: Share of the windows without anything new that an update keeps.
        named_windows: Whether training windows say whose they are, which a private training has to know.
        seed: Seed of the sample of targets, and of windows.
    """

    tower_history: int = Field(default=64, ge=1)
    ranker_windows: int = Field(default=4, ge=1)
    ranker_history: int = Field(default=512, ge=1)
    text_fields: tuple[TextField, ...] = ()
    max_unknown_product_fraction: float = Field(default=0.2, ge=0.0, le=1.0)
    max_targets: int = Field(default=32, ge=1)
    replay: float = Field(default=0.1, ge=0.0, le=1.0)
    named_windows: bool = False
    seed: int = Field(default=0, ge=0)

    def event_options(self, user_id_key: str | None) -> EventOptions:
        """Returns what the shared steps over events have to know; `user_id_key` as it is there."""
        return EventOptions(
            event_types=tuple(self.event_types),
            max_unknown_product_fraction=self.max_unknown_product_fraction,
            user_id_key=user_id_key,
            low_rated_type=self.type_of_low_ratings(),
        )

    def weights(self) -> npt.NDArray[np.float64]:
        """Returns the weight of each event type, float64 `(types,)`."""
        return np.array(list(self.event_types.values()), dtype=np.float64)
