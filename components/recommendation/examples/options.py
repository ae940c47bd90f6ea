"""Options of TaskExamples; plain models that the configuration can import without TFX."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainer.options import Options, TextField

EventWeight = Annotated[float, Field(ge=0.0)]


class SplitOptions(Options):
    """What is trained on, validated on and tested on.

    Attributes:
        method: `time` splits at a moment that is the same for all users. `leave_last_out` is for events
            with a position instead of a timestamp: each user's last group is the test, the one before it
            the validation.
        test_start: The test period starts here; Unix seconds or ISO 8601, UTC where it names no zone. When
            left out, the moment after which the last tenth of the events lies is taken.
        validation_days: Days before `test_start` that the towers do not learn from: they are validated on them, and
            the ranker learns from them. At most a quarter of the time before `test_start` is taken.
    """

    method: Literal["time", "leave_last_out"] = "time"
    test_start: datetime | None = None
    validation_days: float = Field(default=28.0, gt=0.0)

    @model_validator(mode="after")
    def _positions_have_no_time(self) -> "SplitOptions":
        if self.method == "leave_last_out" and self.test_start is not None:
            raise ValueError("`test_start` goes with `method: time`; leave it out for `leave_last_out`")
        return self

    def test_start_seconds(self) -> int | None:
        """Returns `test_start` in Unix seconds, or None where the data decide."""
        if self.test_start is None:
            return None
        start = self.test_start
        return int((start if start.tzinfo is not None else start.replace(tzinfo=UTC)).timestamp())


class TaskExamplesOptions(Options):
    """How events, products and users become examples for recommendation.

    Attributes:
        split: What is trained on, validated on and tested on.
        event_types: Weight of each event type as something to predict, in the order of their indices; 0
            keeps a type as history only. Events of other types are refused.
        bought_event_type: The type that makes a product one that the user has bought.
        min_product_events: Events a product needs before the test period to enter the catalogue; 0 lets
            products in that nobody has touched yet.
        window: Events that a training example holds at the most.
        ranker_windows: Moments in the validation period from which the ranker looks back.
        ranker_history: Latest events that a ranker's example holds at the most.
        text_fields: Product columns that make up the text; empty when text is off.
        max_unknown_product_fraction: Share of the events whose product the products table may lack.
        max_targets: Products of a group that are sampled as targets at the most.
        user_id_key: Key of the hash that stands for a user id in the quarantine; None writes user ids plainly.
        seed: Seed of the sample of targets.
    """

    split: SplitOptions = SplitOptions()
    event_types: dict[str, EventWeight] = Field(default={"view": 1.0, "cart": 1.0, "purchase": 1.0}, min_length=1)
    bought_event_type: str = "purchase"
    min_product_events: int = Field(default=1, ge=0)
    window: int = Field(default=64, ge=1)
    ranker_windows: int = Field(default=4, ge=1)
    ranker_history: int = Field(default=512, ge=1)
    text_fields: tuple[TextField, ...] = ()
    max_unknown_product_fraction: float = Field(default=0.2, ge=0.0, le=1.0)
    max_targets: int = Field(default=32, ge=1)
    user_id_key: str | None = Field(default="shelfwise", min_length=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _types_are_weighed(self) -> "TaskExamplesOptions":
        if self.bought_event_type not in self.event_types:
            raise ValueError(
                f"`bought_event_type` is `{self.bought_event_type}`; it must be one of `event_types`: "
                f"{', '.join(self.event_types)}"
            )
        if not any(weight > 0 for weight in self.event_types.values()):
            raise ValueError("`event_types` weighs nothing above 0, so there is nothing to predict")
        return self
