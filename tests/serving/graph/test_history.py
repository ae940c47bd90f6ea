"""Histories in the graph against a loop in Python."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.history import History, HistoryReader, latest_events
from serving.graph.lookup import IdLookup

WIDTH, LATEST = 7, 4


def by_hand(products: list[int], types: list[int], ages: list[float]) -> list[tuple[int, int, float]]:
    events = [event for event in zip(products, types, ages, strict=True) if event[0] >= 0][-LATEST:]
    next_ages = [*[age for _, _, age in events][1:], 0.0]
    return [
        (product, kind, max(age - later, 0.0)) for (product, kind, age), later in zip(events, next_ages, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(-1, 3), st.integers(0, 2), st.integers(0, 1000)), min_size=WIDTH, max_size=WIDTH
        ),
        max_size=4,
    )
)
def test_latest_events_closes_holes_and_keeps_the_latest(rows: list[list[tuple[int, int, int]]]) -> None:
    values = np.array(rows, np.int32).reshape(len(rows), WIDTH, 3)
    history = History(
        tf.constant(values[..., 0]), tf.constant(values[..., 1]), tf.constant(values[..., 2].astype(np.float32))
    )
    events = latest_events(history, LATEST)
    for place, row in enumerate(rows):
        expected = by_hand(*([event[column] for event in row] for column in range(3)))
        count = len(expected)
        assert int(events.count[place]) == count
        actual = zip(
            *(column[place, :count].numpy().tolist() for column in (events.products, events.types, events.gap_seconds)),
            strict=True,
        )
        assert list(actual) == expected
        np.testing.assert_array_equal(events.mask[place], np.arange(LATEST) < count)
        np.testing.assert_array_equal(events.products[place, count:], -1)
        np.testing.assert_array_equal(events.gap_seconds[place, count:], 0.0)


@pytest.fixture(scope="module")
def reader() -> HistoryReader:
    return HistoryReader(IdLookup([b"a", b"b\n"]), ["view", "purchase"], "purchase")


def test_read_treats_what_it_does_not_know_as_the_contract_says(reader: HistoryReader) -> None:
    history = reader.read(
        tf.constant([[b"a", b"", b"b\n", b"z", b"a"]]),
        tf.constant([["view", "view", "", "nonsense", "purchase"]]),
        tf.constant([[np.nan, 1.0, -5.0, np.inf, 2.5]]),
    )
    np.testing.assert_array_equal(history.products, [[0, -1, 1, -1, 0]])
    np.testing.assert_array_equal(history.types, [[0, 0, 1, 1, 1]])
    np.testing.assert_array_equal(history.age_seconds, [[0.0, 1.0, 0.0, 0.0, 2.5]])


def test_read_refuses_inputs_of_different_shapes(reader: HistoryReader) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="history_types must have the shape"):
        tf.function(reader.read)(tf.constant([["a"], ["a"]]), tf.constant([["view"]]), tf.constant([[0.0], [0.0]]))


def example(**features: list[bytes] | list[float]) -> bytes:
    message = tf.train.Example()
    for name, values in features.items():
        target = message.features.feature[name]
        (target.float_list if name == "history_age_seconds" else target.bytes_list).value.extend(values)
    return message.SerializeToString()


def test_read_examples_takes_histories_of_any_length(reader: HistoryReader) -> None:
    history = reader.read_examples(
        tf.constant(
            [
                example(history_ids=[b"a", b"b\n", b"a"], history_types=[b"view"], history_age_seconds=[3.0, 2.0]),
                example(
                    history_ids=[b"b\n"], history_types=[b"view", b"view"], history_age_seconds=[1.0, 9.0, 9.0, 9.0]
                ),
                example(),
            ]
        )
    )
    np.testing.assert_array_equal(history.products, [[0, 1, 0], [1, -1, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(history.types[0], [0, 1, 1])
    np.testing.assert_array_equal(history.age_seconds, [[3.0, 2.0, 0.0], [1.0, 9.0, 9.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("rows", [0, 2])
def test_read_examples_without_any_event(reader: HistoryReader, rows: int) -> None:
    events = latest_events(reader.read_examples(tf.constant([example()] * rows, tf.string, [rows])), LATEST)
    np.testing.assert_array_equal(events.count, [0] * rows)


def test_an_unknown_bought_type_is_refused() -> None:
    with pytest.raises(ValueError, match="`bought_event_type` must be one of"):
        HistoryReader(IdLookup([b"a"]), ["view"], "purchase")
