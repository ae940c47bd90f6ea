"""Checks that there is enough to learn from and to judge by."""

from collections.abc import Sequence
from datetime import UTC, datetime

from components.errors import InputError
from components.events.checks import check_has_events
from components.events.options import SplitOptions
from components.recommendation.examples.counts import Counted
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.tables.read_back import column_has_values


def choose_time_column(paths: Sequence[str], split: SplitOptions) -> str:
    """Returns the column that orders events: `timestamp` where it has values, else `position`.

    Args:
        paths: Parquet files of the events table.
        split: One by time needs timestamps.

    Raises:
        InputError: There are no events, or no column to order them by.
    """
    check_has_events(paths)
    if column_has_values(paths, "timestamp"):
        return "timestamp"
    if split.method == "time":
        raise InputError(
            "Table `events` has no timestamps, which a split by time needs. Add them, or set "
            "`split: {method: leave_last_out}`, which needs only positions."
        )
    if column_has_values(paths, "position"):
        return "position"
    raise InputError("Table `events` has neither timestamps nor positions. Add one of the two columns.")


def check_examples(counted: Counted, options: RecommendationExamplesOptions, learned_until: int | None = None) -> None:
    """Checks that every split has an example.

    Args:
        counted: What was counted.
        options: How events became examples.
        learned_until: Moment up to which the towers that an update starts from have learned; None in a run.

    Raises:
        InputError: Nothing to train on, to validate on or to test on.
    """
    events, counts, moments = counted.events.events, counted.examples, counted.moments
    if not counts.catalogue_products:
        raise InputError(
            f"No product has {options.min_product_events:,} events{_before(moments.test_start)}; {events:,} "
            "events were read. Lower `min_product_events`, or check `split.test_start`."
        )
    if not counts.train and learned_until is not None:
        raise InputError(
            f"There is nothing new to train on: what is updated has learned up to {_moment(learned_until)}, "
            f"and no user has events to learn from between then and {_moment(moments.validation_start)}, where the "
            "validation begins. Let the test period move on (leave `split.test_start` out, or set `split.test_days`), "
            "or raise `update.replay`."
        )
    if not counts.train:
        raise InputError(
            f"There is nothing to train on: no user has two groups of events{_before(moments.validation_start)} "
            f"({counts.events_before_validation:,} of {events:,} events lie there). "
            + ("Lower `split.validation_days`, or set `split.test_start` later." if moments.test_start else _POSITIONS)
        )
    if not counts.test:
        raise InputError(
            f"There is nothing to test on: no user has an event to predict{_after(moments.test_start)}, of a product "
            f"with {options.min_product_events:,} events before ({counts.events_after_test_start:,} of "
            f"{events:,} events lie there). "
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


_POSITIONS = "Leaving the last out needs users with three groups of events or more."


def _before(moment: int | None) -> str:
    return "" if moment is None else f" before {_moment(moment)}"


def _after(moment: int | None) -> str:
    return "" if moment is None else f" from {_moment(moment)} on"


def _moment(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
