"""Checks that there is something to learn from and to judge by, and says what there is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from components.errors import InputError
from components.events.counts import EventCounts
from components.events.moments import SplitMoments
from components.recommendation.examples.options import TaskExamplesOptions
from components.tables.read_back import column_has_values, table_rows


def choose_time_column(paths: Sequence[str], options: TaskExamplesOptions) -> str:
    """Returns the column that orders events: `timestamp` where it has values, else `position`.

    Args:
        paths: Parquet files of the events table.
        options: The split; one by time needs timestamps.

    Raises:
        InputError: There are no events, or no column to order them by.
    """
    if not table_rows(paths):
        raise InputError("Table `events` has no good row; expected events to learn from. See the quarantine.")
    if column_has_values(paths, "timestamp"):
        return "timestamp"
    if options.split.method == "time":
        raise InputError(
            "Table `events` has no timestamps, which a split by time needs. Add them, or set "
            "`split: {method: leave_last_out}`, which needs only positions."
        )
    if column_has_values(paths, "position"):
        return "position"
    raise InputError("Table `events` has neither timestamps nor positions. Add one of the two columns.")


def check_events(counts: EventCounts, options: TaskExamplesOptions) -> None:
    """Checks what was read.

    Raises:
        InputError: Events without a time or a weight, or too many of unknown products.
    """
    if counts.events_without_time:
        raise InputError(
            f"Table `events`: {counts.events_without_time:,} of {counts.events:,} rows lack the timestamp or "
            "position that the others have. Give it to all rows, or to none."
        )
    if counts.strange_types:
        shown = ", ".join(f"`{name}` ({count:,})" for name, count in counts.strange_types.most_common(10))
        raise InputError(
            f"Table `events` has event types without a weight: {shown}. Name each under `event_types`; "
            "a weight of 0 keeps a type as history only."
        )
    unknown = counts.unknown_product_events / counts.events
    if unknown > options.max_unknown_product_fraction:
        raise InputError(
            f"Table `events`: {counts.unknown_product_events:,} of {counts.events:,} rows ({unknown:.1%}) name a "
            f"product_id that table `products` lacks; {options.max_unknown_product_fraction:.1%} may. Check that "
            "both write ids alike, or raise `limits.max_unknown_product_fraction`."
        )


def check_examples(counts: EventCounts, moments: SplitMoments, options: TaskExamplesOptions) -> None:
    """Checks that every split has an example.

    Raises:
        InputError: Nothing to train on, to validate on or to test on.
    """
    if not counts.catalogue_products:
        raise InputError(
            f"No product has {options.min_product_events:,} events{_before(moments.test_start)}; {counts.events:,} "
            "events were read. Lower `min_product_events`, or check `split.test_start`."
        )
    if not counts.train:
        raise InputError(
            f"There is nothing to train on: no user has two groups of events{_before(moments.validation_start)} "
            f"({counts.events_before_validation:,} of {counts.events:,} events lie there). "
            + ("Lower `split.validation_days`, or set `split.test_start` later." if moments.test_start else _POSITIONS)
        )
    if not counts.test:
        raise InputError(
            f"There is nothing to test on: no user has an event to predict{_after(moments.test_start)}, of a product "
            f"with {options.min_product_events:,} events before ({counts.events_after_test_start:,} of "
            f"{counts.events:,} events lie there). "
            + ("Set `split.test_start` earlier." if moments.test_start else _POSITIONS)
        )
    if not counts.eval:
        raise InputError(
            "There is nothing to validate on: no user has an event to predict"
            + (
                f" between {_moment(moments.validation_start)} and {_moment(moments.test_start)}. "
                "Raise `split.validation_days`."
                if moments.test_start
                else f". {_POSITIONS}"
            )
        )


def describe(
    counts: EventCounts, moments: SplitMoments, options: TaskExamplesOptions, *, has_timestamps: bool
) -> dict[str, Any]:
    """Returns `catalogue.json`.

    Args:
        counts: What was read and written.
        moments: Where the periods begin.
        options: Event types and their weights.
        has_timestamps: Whether events have timestamps.
    """
    return {
        "event_types": list(options.event_types),
        "event_weights": list(options.event_types.values()),
        "bought_event_type": options.bought_event_type,
        "has_timestamps": has_timestamps,
        "test_start": moments.test_start,
        "validation_start": moments.validation_start,
        "counts": {
            "events": counts.events,
            "products": counts.catalogue_products,
            "users": counts.users,
            "filtered_products": counts.known_products - counts.catalogue_products,
            "filtered_events": counts.filtered_events,
            "unknown_product_events": counts.unknown_product_events,
            "events_after_test_start": counts.events_after_test_start,
        },
        "examples": {"train": counts.train, "eval": counts.eval, "ranker": counts.ranker, "test": counts.test},
    }


_POSITIONS = "Leaving the last out needs users with three groups of events or more."


def _before(moment: int | None) -> str:
    return "" if moment is None else f" before {_moment(moment)}"


def _after(moment: int | None) -> str:
    return "" if moment is None else f" from {_moment(moment)} on"


def _moment(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
