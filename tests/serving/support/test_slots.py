"""Patterns in questions and earlier turns, against Python's `re`."""

import re

import pytest
import tensorflow as tf

from serving.support.slots import Slots
from trainer.support.options import AnsweringOptions

PATTERNS = {
    "order_number": r"\b[A-Z]{0,4}[-#]?\d{5,}\b",
    "size": r"(?i)size\s+(\w+)",
    "literal": r"\(\d\)|[(]x",
    "kind": r"(?:big|small) (red|green)",
}
TURNS = [
    "Size XL please, order AB-123456 and 99999",
    "(7) big green tea",
    "茶 size m",
    "",
    "one\ntwo 123456\nsize s",
    "(x",
]


def first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        return ""
    return found[1] if re.compile(pattern).groups else found[0]


@pytest.mark.parametrize("question", TURNS)
def test_a_slot_is_the_first_match_of_the_latest_turn_that_has_one(question: str) -> None:
    slots = Slots(PATTERNS)
    names, values = slots.find(tf.constant([question, ""]), tf.constant([TURNS[:3], TURNS[1:4]]))
    for row, turns in enumerate(([question, *TURNS[2::-1]], ["", *TURNS[3:0:-1]])):
        for column, (name, pattern) in enumerate(PATTERNS.items()):
            wanted = next((found for turn in turns if (found := first(pattern, turn))), "")
            assert values[row, column].numpy().decode() == wanted
            assert names[row, column].numpy().decode() == (name if wanted else "")


@pytest.mark.parametrize(
    ("question", "order_number"),
    [
        ("where is order 4471902?", "4471902"),
        ("order AB-12345 has not come", "AB-12345"),
        ("what of #12345", "#12345"),
        ("do you deliver to 90210?", ""),
        ("charged 49.99 on 2026-03-14", ""),
    ],
)
def test_an_order_number_is_no_postcode(question: str, order_number: str) -> None:
    slots = Slots(AnsweringOptions().slots)
    _, values = slots.find(tf.constant([question]), tf.constant([[""]]))
    assert values[0, slots.names.index("order_number")].numpy().decode() == order_number


def test_without_patterns_there_is_a_column_of_nothing() -> None:
    names, values = Slots({}).find(tf.constant(["a", "b"]), tf.constant([[""], [""]]))
    assert names.numpy().tolist() == values.numpy().tolist() == [[b""], [b""]]
