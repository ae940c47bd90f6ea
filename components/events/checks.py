"""Checks that the events can be used, whatever is learned from them."""

from collections.abc import Sequence
from dataclasses import replace

from components.errors import InputError
from components.events.counts import EventCounts
from components.events.options import EventOptions
from components.tables.notes.unknown_products import describe_unknown_products
from components.tables.quarantine import UNKNOWN_PRODUCT, QuarantineCounts
from components.tables.read_back import table_rows


def check_has_events(paths: Sequence[str]) -> None:
    """Checks that the events table has a row.

    Args:
        paths: Parquet files of the table.

    Raises:
        InputError: It has none.
    """
    if not table_rows(paths):
        raise InputError("Table `events` has no good row; expected events to learn from. See the quarantine.")


def check_events(
    counts: EventCounts, options: EventOptions, *, quarantine_uri: str, product_paths: Sequence[str]
) -> None:
    """Checks what was read.

    Args:
        counts: What was counted.
        options: What is borne.
        quarantine_uri: Where the events of unknown products are.
        product_paths: Parquet files of the products table; none where there is no such table.

    Raises:
        InputError: Events without a time, of a type that is not known, or too many of unknown products.
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
            f"product_id that table `products` lacks; {options.max_unknown_product_fraction:.1%} may. "
            f"{describe_unknown_products(quarantine_uri, product_paths)} Check that both write ids alike, or raise "
            "`limits.max_unknown_product_fraction`."
        )


def quarantine_counts(counts: EventCounts, notes: Sequence[str] = ()) -> QuarantineCounts:
    """Returns how many events are kept, and how many refused as their product is not known.

    Args:
        counts: What was counted.
        notes: What the shop should know of how the tables fit together.
    """
    refused = {UNKNOWN_PRODUCT: counts.unknown_product_events}
    return replace(QuarantineCounts.without_zeros("events", counts.events, refused), notes=tuple(notes))
