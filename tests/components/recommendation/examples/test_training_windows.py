"""Windows and queries against plain Python, for any small set of events."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from components.events.history import EVAL_PERIOD, TEST_PERIOD, TRAIN_PERIOD, order_events
from components.events.moments import SplitMoments, event_periods
from components.recommendation.examples.evaluation_queries import evaluation_queries
from components.recommendation.examples.training_windows import Replay, training_windows
from tests.components.events.plain_histories import (
    Event,
    event_lists,
    event_table,
    plain_periods,
    plain_query,
    plain_windows,
    users_of,
)

WEIGHTS = [0.0, 0.5, 1.0]
MOMENTS = st.one_of(st.none(), st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: tuple(sorted(pair))))


def _named(rows: list[dict], product_ids: list[bytes]) -> list[dict]:
    for row in rows:
        for column in ("history_index", "target_index"):
            row[column] = [product_ids[index] for index in row[column]]
    return rows


@settings(deadline=None)
@given(events=event_lists(), moments=MOMENTS, window=st.integers(1, 9), data=st.data())
def test_windows_and_queries_equal_plain_python(events, moments, window, data):
    catalogue = sorted(data.draw(st.sets(st.sampled_from(sorted({e.product for e in events})))) if events else set())
    shuffled = data.draw(st.permutations(events))
    weights = np.array(WEIGHTS)
    history = order_events(event_table(shuffled))
    period = event_periods(history, SplitMoments(*(moments or (None, None))), weights)
    history, kept = history.in_catalogue(pa.array(catalogue, pa.binary()))
    period = period[kept]

    expected = {TRAIN_PERIOD: [], EVAL_PERIOD: [], TEST_PERIOD: []}
    names = []
    for user, own in users_of(events):
        periods = plain_periods(own, moments, WEIGHTS)
        inside = [(e, p) for e, p in zip(own, periods, strict=True) if e.product in catalogue]
        own, periods = [e for e, _ in inside], [p for _, p in inside]
        earliest = [e for e, p in inside if p == TRAIN_PERIOD]
        expected[TRAIN_PERIOD] += plain_windows(earliest, WEIGHTS, window)
        names += [[user]] * (len(expected[TRAIN_PERIOD]) - len(names))
        for wanted in (EVAL_PERIOD, TEST_PERIOD):
            query = plain_query(user, own, periods, wanted, WEIGHTS)
            expected[wanted] += [query] if query else []

    learned, how = history.keep(period == TRAIN_PERIOD), {"window": window, "max_targets": 99, "seed": 0}
    windows = training_windows(learned, weights, has_timestamps=True, **how)
    named = training_windows(learned, weights, has_timestamps=True, named=True, **how)
    assert named["user_id"].to_pylist() == names
    assert named.drop_columns(["user_id"]).equals(windows)
    assert _named(windows.to_pylist(), catalogue) == expected[TRAIN_PERIOD]
    for wanted in (EVAL_PERIOD, TEST_PERIOD):
        queries = evaluation_queries(history, period, wanted, weights, has_timestamps=True)
        assert _named(queries.to_pylist(), catalogue) == expected[wanted]


@settings(deadline=None)
@given(events=event_lists(max_time=60), window=st.integers(1, 12))
def test_every_group_is_asked_once_with_half_a_window_of_context(events, window):
    weights = np.ones(3)
    history = order_events(event_table(events)).in_catalogue(
        pa.array(sorted({e.product for e in events}), pa.binary())
    )[0]
    rows = training_windows(history, weights, window=window, max_targets=99, seed=0, has_timestamps=True).to_pylist()
    asked = sum(len(set(row["query_position"])) for row in rows)
    assert asked == len(set(history.group.tolist())) - len(set(history.user.tolist()))
    for row in rows:
        length = len(row["history_index"])
        assert length <= window
        assert max(row["query_position"]) == length - 1
        # A window that shows less than half of its length before a query begins with the user's first event.
        if min(row["query_position"]) + 1 < window / 2:
            first = {own[0].product for _, own in users_of(events)}
            assert sorted({e.product for e in events})[row["history_index"][0]] in first


def test_no_gap_without_timestamps():
    events = [Event(b"u", position, None, b"p%d" % position, 2) for position in range(4)]
    history, _ = order_events(event_table(events)).in_catalogue(pa.array([b"p0", b"p1", b"p2", b"p3"]))
    table = training_windows(history, np.ones(3), window=8, max_targets=8, seed=0, has_timestamps=False)
    assert table["gap_seconds"].to_pylist() == [[0.0, 0.0, 0.0]]
    assert table["history_index"].to_pylist() == [[0, 1, 2]]
    queries = evaluation_queries(history, history.time, 2, np.ones(3), has_timestamps=False)
    assert queries["history_time"].to_pylist() == [[0, 0]]
    assert queries["query_time"].to_pylist() == [[0]]


def test_large_groups_keep_a_seeded_sample_of_targets():
    events = [Event(b"u%d" % user, 0, None, b"first", 2) for user in range(3)]
    events += [Event(b"u%d" % user, 1, None, b"p%04d" % product, 2) for user in range(3) for product in range(100)]
    ids = pa.array(sorted({e.product for e in events}), pa.binary())
    history, _ = order_events(event_table(events)).in_catalogue(ids)

    def targets(seed: int) -> list[list[int]]:
        table = training_windows(history, np.ones(3), window=8, max_targets=32, seed=seed, has_timestamps=True)
        return table["target_index"].to_pylist()

    first = targets(1)
    assert [len(set(row)) for row in first] == [32, 32, 32]
    assert first == targets(1)
    assert first != targets(2)
    assert first[0] != first[1]
    # Each product is as likely as another: the mean index of 96 draws lies near the middle.
    assert abs(np.mean(first) - 50.5) < 10


@given(
    times=st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.integers(0, 30)), max_size=40, unique=True),
    window=st.integers(1, 9),
    learned_until=st.integers(0, 31),
    share=st.floats(0.0, 1.0),
)
def test_an_update_keeps_every_window_with_something_new_and_some_of_the_others(times, window, learned_until, share):
    # A product for each moment, so that a target says when it was.
    events = [Event(user, time, None, b"p%02d" % time, 2) for user, time in times]
    ids = [b"p%02d" % time for time in range(31)]
    history, _ = order_events(event_table(events)).in_catalogue(pa.array(ids, pa.binary()))

    def windows(replay):
        return training_windows(
            history, np.ones(3), window=window, max_targets=99, seed=0, has_timestamps=True, replay=replay
        ).to_pylist()

    every = windows(None)
    new = [row for row in every if max(row["target_index"]) >= learned_until]
    kept = windows(Replay(learned_until, share))
    assert windows(Replay(learned_until, 0.0)) == new
    assert windows(Replay(learned_until, 1.0)) == every
    assert [row for row in kept if row in new] == new
    assert kept == [row for row in every if row in kept]


def test_each_update_draws_its_share_of_old_windows_anew():
    events = [Event(b"u%d" % user, time, None, b"p%d" % (time % 7), 2) for user in range(300) for time in range(6)]
    ids = pa.array([b"p%d" % product for product in range(7)], pa.binary())
    history, _ = order_events(event_table(events)).in_catalogue(ids)

    def drawn(moment):
        return training_windows(
            history, np.ones(3), window=2, max_targets=9, seed=0, has_timestamps=True, replay=Replay(moment, 0.2)
        )

    first, again, other = drawn(100), drawn(100), drawn(101)
    assert first == again
    assert first != other
    assert abs(len(first) / (300 * 4) - 0.2) < 0.05
