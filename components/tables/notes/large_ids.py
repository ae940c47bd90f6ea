"""Ids that hold more events than one user or basket has: what tools write for nobody, guests, tills, tests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.tables.notes.example_ids import id_shape
from components.tables.sources import TableSource

# A user with so large a share of all events, and so many times the events of the next one, is no shopper.
_LARGE_SHARE, _TIMES_THE_NEXT = 0.25, 2
# What stands for none is said from a smaller share on.
_NOTHING_SHARE = 0.01
# Words of tools, in small letters and without brackets.
_NOTHING = frozenset(
    {
        "null",
        "none",
        "nil",
        "nan",
        "na",
        "n/a",
        "#n/a",
        "undefined",
        "unknown",
        "anonymous",
        "anon",
        "guest",
        "guests",
        "not set",
        "missing",
        "empty",
        r"\n",
        "-",
        "--",
        "-1",
        "00000000-0000-0000-0000-000000000000",
    }
)
# Where ids are counted from 0, it is one like any other.
_NOTHING_OR_FIRST = frozenset({"0", "0.0"})
_BRACKETS = "()<>[]{}"


class _Column(NamedTuple):
    """A column of ids.

    Attributes:
        name: Its name.
        thing: What an id stands for.
        advice: What to write under `tables.events` where an id stands for nothing, from the column's name in the files
            and the id.
        unlikely: What else it may be that has a large share of the events; empty where a large share is no wonder.
    """

    name: str
    thing: str
    advice: Callable[[str, str], str]
    unlikely: str = ""


_COLUMNS = (
    _Column(
        "user_id",
        "user",
        lambda name, found: (
            f"`missing: {{{name}: ['{found}']}}` and `guests: baskets`, or leave these events out by "
            f"`leave_out: {{{name}: ['{found}']}}`"
        ),
        "a till, a test, nobody",
    ),
    _Column("basket_id", "basket", lambda name, found: f"`missing: {{{name}: ['{found}']}}`", "a default, a day, none"),
    _Column("product_id", "product", lambda name, found: f"`leave_out: {{{name}: ['{found}']}}`"),
)


def own_names(sources: Iterable[TableSource]) -> dict[str, list[str]]:
    """Returns the names that each column of ids has in the files of the sources; without those that are constants."""
    given = list(sources)
    return {
        column.name: list(
            dict.fromkeys(
                source.columns.get(column.name, column.name) for source in given if column.name not in source.constants
            )
        )
        for column in _COLUMNS
    }


def note_large_ids(
    statistics: statistics_pb2.DatasetFeatureStatistics,
    names: Mapping[str, Sequence[str]],
    *,
    plain_user_ids: bool,
) -> list[str]:
    """Says which ids of users, baskets and products hold many events, and rather stand for none.

    Args:
        statistics: What StatisticsGen found of the good rows of the events.
        names: Of `own_names`: what is written under `tables.events` calls columns as the files do.
        plain_user_ids: Whether user ids may be shown. Words for nobody are shown anyway, other ids by their shape.

    Returns:
        One sentence an id, that with the most events first.
    """
    return [note for column in _COLUMNS for note in _notes(column, statistics, names, plain_user_ids)]


def _notes(
    column: _Column,
    statistics: statistics_pb2.DatasetFeatureStatistics,
    names: Mapping[str, Sequence[str]],
    plain_user_ids: bool,
) -> list[str]:
    own, *others = names.get(column.name) or [column.name]
    also = f" Other sources call the column {', '.join(f'`{each}`' for each in others)}." if others else ""
    events = int(statistics.num_examples)
    ids = _events_of_ids(statistics, column.name)
    notes = []
    for place, (found, count) in enumerate(ids):
        after = ids[place + 1][1] if place + 1 < len(ids) else 0
        large = place == 0 and count >= _LARGE_SHARE * events and count >= _TIMES_THE_NEXT * after
        nothing = count >= _NOTHING_SHARE * events and _stands_for_nothing(found)
        said = f"Table `events`: {count:,} of {events:,} events ({count / events:.1%}) are of one {column.thing}, "
        if nothing or (large and found in _NOTHING_OR_FIRST):
            notes.append(
                f"{said}`{found}`, which is what many tools write for none. If it is none, write under `tables.events` "
                f"{column.advice(own, found)}.{also}"
            )
        elif large and column.unlikely:
            hidden = column.name == "user_id" and not plain_user_ids
            shown = f"whose id is written like `{id_shape(found)}`" if hidden else f"`{found}`"
            notes.append(
                f"{said}{shown}. If it is none ({column.unlikely}), leave these events out by `leave_out: "
                f"{{{own}: […]}}` under `tables.events`.{also}"
            )
    return notes


def _events_of_ids(statistics: statistics_pb2.DatasetFeatureStatistics, column: str) -> list[tuple[str, int]]:
    """Returns ids with the number of their events, those with the most first; a thousand of them at the most."""
    for feature in statistics.features:
        if list(feature.path.step) == [column]:
            buckets = feature.string_stats.rank_histogram.buckets
            return [(bucket.label, int(bucket.sample_count)) for bucket in buckets]
    return []


def _stands_for_nothing(text: str) -> bool:
    return text.strip().strip(_BRACKETS).lower() in _NOTHING
