"""What the configuration says of the task recommendation."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from components.gate.rules import GateOptions
from components.recommendation.examples.options import SplitOptions
from components.rules.options import RulesOptions
from tfx_pipeline.shop.values import off_is_none
from trainer.options import Options
from trainer.recommendation.options import RankerOptions, ServingOptions, TowerOptions, TrainingOptions


class RecommendationConfig(Options):
    """The task `recommendation`.

    Attributes:
        split: What is trained on, validated on and tested on.
        event_types: Weight of each event type as something to predict; 0 keeps it as history only.
        bought_event_type: The type that makes a product one that the user has bought.
        min_product_events: Events a product needs before the test period to enter the catalogue.
        towers: The shape of the two towers.
        training: How they are trained.
        ranker: Orders what the towers, the user's own products and popularity propose; `off` answers with the towers.
        rules: Which products are bought together, and how that is mined; `off` mines nothing.
        serving: Sizes of the served model.
        gate: What a model must reach to be blessed.
    """

    split: SplitOptions = SplitOptions()
    event_types: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        default={"view": 1.0, "cart": 1.0, "purchase": 1.0}, min_length=1
    )
    bought_event_type: str = "purchase"
    min_product_events: int = Field(1, ge=0)
    towers: TowerOptions = TowerOptions()
    training: TrainingOptions = TrainingOptions()
    ranker: Annotated[RankerOptions | None, BeforeValidator(off_is_none)] = RankerOptions()
    rules: Annotated[RulesOptions | None, BeforeValidator(off_is_none)] = RulesOptions()
    serving: ServingOptions = ServingOptions()
    gate: GateOptions = GateOptions()
