"""Pins: which hold, and lists with pinned things in their places, beside plain Python."""

import time

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.merchant.pins import PinBoard
from serving.merchant.placing import put_in_place
from serving.merchant.word import Pin

THINGS = st.integers(0, 7)
PLACE = tf.function(put_in_place, input_signature=[tf.TensorSpec([None, None], tf.int32)] * 3)


def plain(listed: list[int], pins: list[tuple[int, int]], width: int) -> list[int]:
    """The list with pins, (thing, place), put in one after the other."""
    first: dict[int, int] = {}
    for thing, place in pins:
        first.setdefault(thing, place)
    rest = [thing for thing in listed if thing not in first]
    found: list[int] = []
    for thing, place in sorted(first.items(), key=lambda pin: pin[1]):
        while len(found) < place - 1 and rest:
            found.append(rest.pop(0))
        found.append(thing)
    return (found + rest)[:width]


@settings(deadline=None)
@given(
    listed=st.lists(THINGS, min_size=1, max_size=6, unique=True),
    pins=st.lists(st.tuples(THINGS, st.integers(1, 8)), max_size=4),
    padding=st.integers(0, 2),
)
def test_pinned_things_stand_in_their_places(listed: list[int], pins: list[tuple[int, int]], padding: int) -> None:
    row, width = [*listed, *[-1] * padding], len(listed) + padding
    things, places = (np.array([[pin[part] for pin in pins]], np.int32).reshape(1, -1) for part in (0, 1))
    placed = PLACE(tf.constant([row]), things, places)
    found = [
        things[0, pin] if pin >= 0 else row[column] if column >= 0 else -1
        for column, pin in zip(placed.columns.numpy()[0], placed.pins.numpy()[0], strict=True)
    ]
    expected = plain(listed, pins, width)
    assert found == expected + [-1] * (width - len(expected))


def test_pins_hold_for_their_requests_and_their_time() -> None:
    now = time.time()
    pins = [
        Pin(product_id=b"a", query="tea", place=2),
        Pin(product_id=b"b", query="tea", end=now - 1.0),
        Pin(product_id=b"b", category="Home", start=now - 60.0, end=now + 3600.0),
        Pin(product_id=b"c"),
        Pin(product_id=b"gone", place=1),
    ]
    board = PinBoard(pins, [pin.query.encode() for pin in pins], [b"a", b"b", b"c"])
    holding = board.holding(tf.constant(["tea", "milk", ""]), tf.constant(["", " Home ", ""]))
    assert [sorted(set(row) - {-1}) for row in holding.pinned.numpy().tolist()] == [[0], [], []]
    assert [sorted(set(row) - {-1}) for row in holding.banned.numpy().tolist()] == [[2], [1, 2], [2]]
    assert not PinBoard(pins[-1:], [b""], [b"a"]).any
