"""Ids that hold more events than one user has: what tools write for nobody, guests, tills, tests."""

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.tables.notes.example_ids import id_shape

_USER_ID = "user_id"
# A user with so large a share of all events, and so many times the events of the next one, is no shopper.
_LARGE_SHARE, _TIMES_THE_NEXT = 0.25, 2
# What stands for nobody is said from a smaller share on.
_NOBODY_SHARE = 0.01
_NOBODY = frozenset(
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
# Where ids are counted from 0, it is a user like any other.
_NOBODY_OR_SOMEBODY = frozenset({"0", "0.0"})
_BRACKETS = "()<>[]{}"


def note_largest_users(statistics: statistics_pb2.DatasetFeatureStatistics, *, plain: bool) -> list[str]:
    """Says which ids of users hold many events.

    Args:
        statistics: What StatisticsGen found of the good rows of the events.
        plain: Whether user ids may be shown. Words for nobody are shown anyway, other ids by their shape.

    Returns:
        One sentence an id, that with the most events first.
    """
    events = statistics.num_examples
    users = _events_of_users(statistics)
    notes = []
    for place, (user, count) in enumerate(users):
        after = users[place + 1][1] if place + 1 < len(users) else 0
        large = place == 0 and count >= _LARGE_SHARE * events and count >= _TIMES_THE_NEXT * after
        nobody = count >= _NOBODY_SHARE * events and _stands_for_nobody(user)
        said = f"Table `events`: {count:,} of {events:,} events ({count / events:.1%}) are of one user, "
        if nobody or (large and user in _NOBODY_OR_SOMEBODY):
            notes.append(
                f"{said}`{user}`, which is what many tools write for nobody. If it is nobody, write `missing: "
                f"{{user_id: ['{user}']}}` and `guests: baskets` under `tables.events`, or leave these events out by "
                f"`leave_out: {{user_id: ['{user}']}}`."
            )
        elif large:
            shown = f"`{user}`" if plain else f"whose id is written like `{id_shape(user)}`"
            notes.append(
                f"{said}{shown}. If that is no shopper (a till, a test, nobody), leave these events out by `leave_out: "
                "{user_id: […]}` under `tables.events`."
            )
    return notes


def _events_of_users(statistics: statistics_pb2.DatasetFeatureStatistics) -> list[tuple[str, int]]:
    """Returns users with the number of their events, those with the most first; some thousand of them at the most."""
    for feature in statistics.features:
        if list(feature.path.step) == [_USER_ID]:
            buckets = feature.string_stats.rank_histogram.buckets
            return [(bucket.label, int(bucket.sample_count)) for bucket in buckets]
    return []


def _stands_for_nobody(user: str) -> bool:
    return user.strip().strip(_BRACKETS).lower() in _NOBODY
