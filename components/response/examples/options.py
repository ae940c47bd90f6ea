"""Options of ResponseExamples; plain models that the configuration can import without TFX."""

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from components.events.options import moment_in_zone, unix_seconds
from trainer.options import Options


class ResponseSplitOptions(Options):
    """What is trained on, validated and calibrated on, and tested on.

    Attributes:
        method: `time` splits at a moment that is the same for all users; `random` by a hash of the user, for
            experiments in which everything was shown at once.
        test_start: The test period starts here; Unix seconds or ISO 8601, of the shop's time zone where it names none.
            When left out, the moment after which the last fifth of the impressions lies is taken.
        validation_start: What was shown from here to `test_start` validates and calibrates the model. When left out,
            that is the last fifth of what was shown before the test.
        eval_fraction: Share of the users that `random` validates on.
        test_fraction: Share of the users that `random` tests on.
    """

    method: Literal["time", "random"] = "time"
    test_start: datetime | None = None
    validation_start: datetime | None = None
    eval_fraction: float = Field(default=0.15, gt=0.0, lt=1.0)
    test_fraction: float = Field(default=0.25, gt=0.0, lt=1.0)

    @model_validator(mode="after")
    def _something_is_learned_from(self) -> "ResponseSplitOptions":
        if self.eval_fraction + self.test_fraction >= 1.0:
            raise ValueError("`eval_fraction` and `test_fraction` leave nothing to train on; lower one of them")
        if self.method == "random" and (self.test_start or self.validation_start):
            raise ValueError("`test_start` and `validation_start` go with `method: time`; leave them out for `random`")
        return self

    def in_zone(self, zone: str) -> "ResponseSplitOptions":
        """Returns the same with its moments in a time zone, where they name none."""
        moments = {name: moment_in_zone(getattr(self, name), zone) for name in ("test_start", "validation_start")}
        return self.model_copy(update=moments)

    def moments(self) -> tuple[int | None, int | None]:
        """Returns `validation_start` and `test_start` in Unix seconds, None where the data decide."""
        return unix_seconds(self.validation_start), unix_seconds(self.test_start)


class ResponseDataOptions(Options):
    """What impressions and their features are made of: what the configuration of the task says too.

    Attributes:
        outcomes: Columns of impressions that say, yes or no, what came of one. The first is what offers are ranked by;
            each of several implies those before it.
        split: What is trained, validated and tested on.
        window_days: Days after an impression in which an outcome counts for it; None for any time. Later outcomes are
            refused. Impressions whose days are not over yet when the test begins are not calibrated on.
        negatives: Share of the training impressions without any outcome that are kept; what is kept counts for more.
        event_types: Names of the event types, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        history_length: Latest events of a history.
        shown_length: Latest impressions of a user that are counted.
        user_features: Columns of the table users that the model learns from, and is told by whoever asks it.
        clock: Whether the model learns from weekday and hour, in the shop's time zone.
        vector_width: Numbers that the vector of a text is cut down to; 0 leaves texts out.
        explained_words: Words of an offer's text that `explain` tells of, at the most; the text is encoded once more
            without each of them.
    """

    outcomes: tuple[str, ...] = Field(default=("clicked",), min_length=1)
    split: ResponseSplitOptions = ResponseSplitOptions()
    window_days: float | None = Field(default=None, gt=0.0)
    negatives: float = Field(default=1.0, gt=0.0, le=1.0)
    event_types: tuple[str, ...] = Field(default=("view", "cart", "purchase"), min_length=1)
    bought_event_type: str = "purchase"
    history_length: int = Field(default=256, ge=1)
    shown_length: int = Field(default=64, ge=1)
    user_features: tuple[str, ...] = ()
    clock: bool = True
    vector_width: int = Field(default=16, ge=0, le=256)
    explained_words: int = Field(default=12, ge=0, le=64)


class ResponseExamplesOptions(ResponseDataOptions):
    """How the tables become examples.

    Attributes:
        impression_numbers: Numeric columns of impressions that the model learns from.
        impression_categories: Categorical columns of impressions that the model learns from.
        offer_numbers: Numeric columns of offers.
        offer_categories: Categorical columns of offers.
        text_fields: Product columns that make up the text of a product.
        time_zone: Where days begin.
        control: The treatment of those who were shown nothing; None where nothing is learned from treatments.
        seed: Of what is drawn to see whether treatments were.
        max_unknown_product_fraction: Share of the events whose product the products table may lack.
        max_bad_fraction: Share of the impressions whose offer is unknown, or whose outcome is not of its time.
    """

    impression_numbers: tuple[str, ...] = ()
    impression_categories: tuple[str, ...] = ()
    offer_numbers: tuple[str, ...] = ()
    offer_categories: tuple[str, ...] = ()
    text_fields: tuple[str, ...] = ()
    time_zone: str = "UTC"
    control: str | None = None
    seed: int = 0
    max_unknown_product_fraction: float = Field(ge=0.0, le=1.0)
    max_bad_fraction: float = Field(ge=0.0, le=1.0)
