"""Options of SegmentationExamples; plain models that the configuration can import without TFX."""

from datetime import datetime
from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from components.events.options import EventOptions, check_bought_event_type, moment_in_zone, unix_seconds
from components.segmentation.discovery.options import DiscoveryOptions
from serving.graph.time_units import DAY_SECONDS
from trainer.options import Options


class SegmentOptions(Options):
    """What a segment is, and which moments it is learned and tested at.

    A user's segment comes from the column `segment` of the users table, as it is at the last event of all; or it is the
    tier of what the user spends in the period after a moment; or users are grouped by what they care for. Tiers are
    learned at several moments and tested at a later one, so that what is tested lies after all that was trained on.

    Attributes:
        labels: `given` reads the users table, `spend` makes tiers, `discovered` finds groups of users; `auto` reads the
            users table where it has segments, and makes tiers where it has none.
        period_days: Days after a moment whose spend makes the tier.
        active_days: Users who bought something in so many days up to a moment are looked at.
        test_start: The moment of the test; Unix seconds or ISO 8601, of the shop's time zone where it names none. When
            left out, a period before the end of the events.
        windows: Moments to learn from at the most.
        step_days: Days between them.
        gap_days: Days between the end of the last training period and the test.
        tiers: Names of the tiers, the lowest first.
        lapsed: Name of the tier of those who spend nothing.
        cuts: Spends between the tiers; when left out, quantiles of the training spends above zero.
        eval_fraction: Share of the users, by sha256, that training is validated on.
        test_fraction: Share of the users, by sha256, that given and discovered segments are tested on.
        min_label_users: Training users that a given segment needs to be learned; rarer ones are left out.
        discovery: How segments are discovered.
    """

    labels: Literal["auto", "given", "spend", "discovered"] = "auto"
    period_days: float = Field(default=56.0, gt=0.0)
    active_days: float = Field(default=112.0, gt=0.0)
    test_start: datetime | None = None
    windows: int = Field(default=6, ge=1)
    step_days: float = Field(default=28.0, gt=0.0)
    gap_days: float = Field(default=0.0, ge=0.0)
    tiers: tuple[str, ...] = Field(default=("low", "mid", "high"), min_length=1)
    lapsed: str = "lapsed"
    cuts: tuple[float, ...] | None = None
    eval_fraction: float = Field(default=0.15, gt=0.0, lt=1.0)
    test_fraction: float = Field(default=0.2, gt=0.0, lt=1.0)
    min_label_users: int = Field(default=2, ge=1)
    discovery: DiscoveryOptions = DiscoveryOptions()

    @model_validator(mode="after")
    def _fits_together(self) -> "SegmentOptions":
        names = (self.lapsed, *self.tiers)
        if len(set(names)) != len(names):
            raise ValueError(f"`tiers` and `lapsed` should be names that differ, got {', '.join(names)}")
        if self.cuts is not None:
            if len(self.cuts) != len(self.tiers) - 1:
                raise ValueError(f"`cuts` should hold {len(self.tiers) - 1} spends between {len(self.tiers)} tiers")
            if any(low >= high for low, high in pairwise((0.0, *self.cuts))):
                raise ValueError("`cuts` should be above 0 and ascend")
        if self.eval_fraction + self.test_fraction >= 1.0:
            raise ValueError("`eval_fraction` and `test_fraction` leave nothing to train on; lower one of them")
        return self

    @property
    def period_seconds(self) -> int:
        """Seconds of the period."""
        return round(self.period_days * DAY_SECONDS)

    @property
    def active_seconds(self) -> int:
        """Seconds that a purchase may lie back."""
        return round(self.active_days * DAY_SECONDS)

    @property
    def step_seconds(self) -> int:
        """Seconds between training moments."""
        return round(self.step_days * DAY_SECONDS)

    @property
    def gap_seconds(self) -> int:
        """Seconds between the last training period and the test."""
        return round(self.gap_days * DAY_SECONDS)

    def in_zone(self, zone: str) -> "SegmentOptions":
        """Returns the same with `test_start` in a time zone, where it names none."""
        return self.model_copy(update={"test_start": moment_in_zone(self.test_start, zone)})

    def test_start_seconds(self) -> int | None:
        """Returns `test_start` in Unix seconds, or None where the data decide."""
        return unix_seconds(self.test_start)


class SegmentationDataOptions(Options):
    """What segments and histories are made of: what the configuration of the task says too.

    Attributes:
        segments: What a segment is, and which moments it is learned and tested at.
        event_types: Names of the event types, in the order of their numbers; events of others are refused.
        bought_event_type: The type that costs money.
        history_length: Latest events of a history.
        areas: First levels of categories that spend is told apart by, those with the most spend; the rest is `other`.
        signals: Columns of events that the text of behaviour tells too, where the table has them: searches, how long
            somebody looked, and ratings.
    """

    segments: SegmentOptions = SegmentOptions()
    event_types: tuple[str, ...] = Field(default=("view", "cart", "purchase"), min_length=1)
    bought_event_type: str = "purchase"
    history_length: int = Field(default=512, ge=1)
    areas: int = Field(default=12, ge=0)
    signals: tuple[Literal["query", "dwell_seconds", "value"], ...] = ()


class SegmentationExamplesOptions(SegmentationDataOptions):
    """How events, products and users become examples for segmentation.

    Attributes:
        max_unknown_product_fraction: Share of the events whose product the products table may lack.
    """

    max_unknown_product_fraction: float = Field(default=0.2, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _something_costs_money(self) -> "SegmentationExamplesOptions":
        check_bought_event_type(self.bought_event_type, self.event_types)
        return self

    def event_options(self, user_id_key: str | None) -> EventOptions:
        """Returns what the shared steps over events have to know; `user_id_key` as it is there."""
        return EventOptions(
            event_types=self.event_types,
            max_unknown_product_fraction=self.max_unknown_product_fraction,
            user_id_key=user_id_key,
        )
