"""Options of the steps over events that tasks share; plain models that the configuration can import without TFX."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from trainer.options import Options

# A rating, from 1 to 5, under this one says that a product is not liked.
LEAST_LIKED_VALUE = 3.0


class EventOptions(Options):
    """What the shared steps over events have to know.

    Attributes:
        event_types: Names of the event types, in the order of their numbers; events of other types are refused.
        max_unknown_product_fraction: Share of the events whose product the products table may lack.
        user_id_key: Key of the hash that stands for a user id in the quarantine; None writes user ids plainly.
        low_rated_type: The event type that an event counts as whose `value` is under 3; None where it is not read.
    """

    event_types: tuple[str, ...] = Field(min_length=1)
    max_unknown_product_fraction: float = Field(ge=0.0, le=1.0)
    user_id_key: str | None = Field(min_length=1)
    low_rated_type: str | None = None


class SplitOptions(Options):
    """What is trained on, validated on and tested on.

    Attributes:
        method: `time` splits at a moment that is the same for all users. `leave_last_out` is for events
            with a position instead of a timestamp: each user's last group is the test, the one before it
            the validation.
        test_start: The test period starts here; Unix seconds or ISO 8601, of the shop's time zone where it names
            none. When left out, the moment after which the last tenth of the events lies is taken.
        test_days: The test period is as many days before the end of the hour of the latest event, so that it moves on
            with each update; in place of `test_start`.
        validation_days: Days before `test_start` that the towers do not learn from: they are validated on them, and
            the ranker learns from them. At most a quarter of the time before `test_start` is taken.
    """

    method: Literal["time", "leave_last_out"] = "time"
    test_start: datetime | None = None
    test_days: float | None = Field(default=None, gt=0.0)
    validation_days: float = Field(default=28.0, gt=0.0)

    @model_validator(mode="after")
    def _positions_have_no_time(self) -> "SplitOptions":
        if self.method == "leave_last_out" and self.test_start is not None:
            raise ValueError("`test_start` goes with `method: time`; leave it out for `leave_last_out`")
        if self.method == "leave_last_out" and self.test_days is not None:
            raise ValueError("`test_days` goes with `method: time`; leave it out for `leave_last_out`")
        if self.test_start is not None and self.test_days is not None:
            raise ValueError("`test_start` and `test_days` say the same; leave one out")
        return self

    def in_zone(self, zone: str) -> "SplitOptions":
        """Returns the same with `test_start` in a time zone, where it names none."""
        return self.model_copy(update={"test_start": moment_in_zone(self.test_start, zone)})

    def test_start_seconds(self) -> int | None:
        """Returns `test_start` in Unix seconds, or None where the data decide."""
        return unix_seconds(self.test_start)


def moment_in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """Returns a moment in a time zone where it names none; None for None."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(zone))


def unix_seconds(moment: datetime | None) -> int | None:
    """Returns a moment in Unix seconds, UTC where it names no zone; None for None."""
    if moment is None:
        return None
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())


def check_bought_event_type(bought_event_type: str, event_types: Iterable[str]) -> None:
    """Checks that the type of a purchase is one of the event types.

    Raises:
        ValueError: It is none.
    """
    names = list(event_types)
    if bought_event_type not in names:
        raise ValueError(
            f"`bought_event_type` is `{bought_event_type}`; it must be one of `event_types`: {', '.join(names)}"
        )
