"""Which event types a table has, and what they mean."""

from collections.abc import Sequence

from components.errors import InputError
from tfx_pipeline.init.column_names import kind_of_event
from tfx_pipeline.init.proposal import ProposedColumn, ProposedSource
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.sample import MOST_DISTINCT

_SHOWN = 3
_WEIGHTS = {"view": 1.0, "cart": 1.0, "purchase": 1.0, "undone": 0.0}


def seen_event_types(column: ProposedColumn, label: str) -> list[str]:
    """Returns the event types in the rows that were read, the frequent ones first.

    Args:
        column: The column that they stand in.
        label: How its file is called in messages.

    Raises:
        InputError: There are too many to be event types.
    """
    if column.sample.different(column.theirs) > MOST_DISTINCT:
        shown = ", ".join(f"`{value}`" for value in column.examples()[:_SHOWN])
        raise InputError(
            f"{label}: `{column.theirs}` has more than {MOST_DISTINCT} values that differ, such as {shown}; expected a "
            "few event types, such as view and purchase. Rename the column if it is another one."
        )
    return list(dict.fromkeys(name.strip() for name in column.sample.distinct(column.theirs) if name.strip()))


def guess_event_types(sources: Sequence[ProposedSource], asker: Asker) -> tuple[dict[str, float], str]:
    """Returns the weight of each event type as something to predict, and the type of purchases.

    Args:
        sources: The sources of the events.
        asker: Settles which type is a purchase where no name tells.
    """
    counts: dict[str, int] = {}
    for source in sources:
        column = source.column("event_type")
        if column is None:
            constant = str(source.options.get("constants", {}).get("event_type", "purchase"))
            counts[constant] = counts.get(constant, 0) + source.sample.rows.num_rows
            continue
        left_out = source.options.get("leave_out", {}).get(column.theirs, ())
        kept = source.options.get("keep", {}).get(column.theirs)
        for value, count in column.sample.distinct(column.theirs).items():
            if value.strip() and value not in left_out and (kept is None or value.strip() in kept):
                counts[value.strip()] = counts.get(value.strip(), 0) + count
    names = sorted(counts, key=lambda name: -counts[name])
    kinds = {name: kind_of_event(name) for name in names}
    unknown = [name for name in names if kinds[name] is None]
    if unknown:
        shown = ", ".join(f"`{name}`" for name in unknown)
        asker.note(f"What the event types {shown} mean is not known by their names: they stay in histories alone.")
    bought = [name for name in names if kinds[name] == "purchase"]
    weights = {name: _WEIGHTS.get(kinds[name] or "", 0.0) for name in names}
    if not bought and names:
        rare_first = sorted(names, key=lambda name: counts[name])
        place = 0
        if len(names) > 1:
            place = asker.choose("Which event type is a purchase?", [f"`{name}`" for name in rare_first])
        bought = [rare_first[place]]
        weights[bought[0]] = 1.0
    return weights, bought[0] if bought else "purchase"
