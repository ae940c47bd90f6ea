"""Disguised texts read as they were meant, against plain Python; honest ones stay as they are."""

import re
import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.disguises import LOOKALIKES, undisguised
from serving.graph.spelling import readable


def read(*texts: str) -> list[str]:
    return [each.decode() for each in undisguised(readable(tf.constant(list(texts)))).numpy()]


@pytest.mark.parametrize(
    ("disguised", "meant"),
    [
        ("gооd teа", "good tea"),
        ("ｔｅｒｒｉｂｌｅ", "terrible"),
        ("ter​rible", "terrible"),
        ("sooooo goooood", "soo good"),
        ("b r o k e n lid", "broken lid"),
        ("a b", "a b"),
        ("size M L", "size M L"),
        ("$100000", "$100000"),
        ("", ""),
    ],
)
def test_disguises_fall(disguised: str, meant: str) -> None:
    assert read(disguised, "another text beside it, which is longer") == [
        meant,
        "another text beside it, which is longer",
    ]


def test_what_is_written_in_another_script_stays() -> None:
    honest = ["Очень хороший чайник", "Πολύ καλό τσάι", "很好的茶壶", "Շատ լավ թեյ", "ดีมาก"]
    assert read(*honest) == [unicodedata.normalize("NFKC", text) for text in honest]


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("abcxyz  оеаж好.1"), max_size=30))
def test_it_is_what_plain_python_makes_and_nothing_more_the_second_time(text: str) -> None:
    latin = sum(letter in "abcxyz" for letter in text)
    if latin > text.count("ж"):
        text = "".join(LOOKALIKES.get(letter, letter) for letter in text)
    plain = re.sub(r"(?<![^ ])[a-z](?: [a-z]){2,}(?![^ ])", lambda found: found[0].replace(" ", ""), text)
    plain = re.sub(r"([a-z])\1{2,}", r"\1\1", plain)
    assert read(text) == [plain]
    assert read(plain) == [plain]
