"""Corrected words against a look at every word of the catalogue in plain Python."""

from collections import Counter
from random import Random

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.words import split_words
from serving.search.correction import SpellingCorrection
from tests.serving.search.plain_distance import plain_corrected
from trainer.search.index.corrections import build_corrections, known_words
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions

LETTERS = "abcdeé"


def correction(texts: list[str], known: list[str] | None = None) -> SpellingCorrection:
    return SpellingCorrection(build_corrections(build_postings(texts, LexicalOptions()), known_words(known or [])))


def corrected(module: SpellingCorrection, queries: list[list[str]]) -> list[list[str]]:
    words = tf.RaggedTensor.from_row_lengths(
        tf.constant([word for query in queries for word in query], tf.string, [sum(map(len, queries))]),
        [len(query) for query in queries],
    )
    found = module.check(words).words
    assert found.row_lengths().numpy().tolist() == [len(query) for query in queries]
    return [[word.decode() for word in row] for row in found.to_list()]


def test_a_look_at_every_word_finds_the_same() -> None:
    random = Random(3)
    words = ["".join(random.choices("abcd", k=random.randint(2, 11))) for _ in range(120)]
    # Nothing that looks like a plural, and each word a text of its own as often as it is frequent.
    texts = [word for word in words for _ in range(random.randint(1, 3))]
    frequency = Counter(texts)
    asked = [_mistyped(random.choice(words), random) for _ in range(150)]
    found = corrected(correction(texts), [asked])[0]
    assert found == [plain_corrected(word, frequency) for word in asked]
    assert sum(one != other for one, other in zip(asked, found, strict=True)) > 40


def _mistyped(word: str, random: Random) -> str:
    for _ in range(random.randint(0, 3)):
        place = random.randrange(len(word)) if word else 0
        way = random.randrange(4)
        letter = random.choice("abcd")
        if way == 0:
            word = word[:place] + word[place + 1 :]
        elif way == 1:
            word = word[:place] + letter + word[place:]
        elif way == 2:
            word = word[:place] + letter + word[place + 1 :]
        else:
            word = word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
    return word or "a"


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.text(alphabet="abch", min_size=3, max_size=9), min_size=1, max_size=12),
    st.lists(st.text(alphabet="abch", min_size=1, max_size=9), max_size=12),
)
def test_any_catalogue(texts: list[str], asked: list[str]) -> None:
    assert corrected(correction(texts), [asked])[0] == [plain_corrected(word, Counter(texts)) for word in asked]


TEXTS = [
    "Cheese crackers",
    "cheese",
    "Toilet paper",
    "Crackers",
    "Café crème",
    "XR500 drill",
    "牛奶 milk",
    "Ａｐｐｌｅ",
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("chese", "cheese"),
        ("tiolet", "toilet"),
        ("paperr", "paper"),
        ("crakcer", "cracker"),
        ("creqme", "creme"),
        ("aple", "apple"),
        # The first letter of a short word is right, as it is of a brand that is not sold.
        ("xpaper", "xpaper"),
        ("oilet", "oilet"),
        ("apper", "paper"),
        ("xtoilet", "toilet"),
        # Right, too short, too far, not of letters alone, or of a script without spaces.
        ("paper", "paper"),
        ("mlk", "mlk"),
        ("chexxe", "chexxe"),
        ("xr501", "xr501"),
        ("1/3", "1/3"),
        ("牛", "牛"),
        ("奶牛", "奶牛"),
        ("", ""),
        ("a" * 300, "a" * 300),
    ],
)
def test_by_hand(word: str, expected: str) -> None:
    assert corrected(correction(TEXTS), [[word], [], ["milk", word]]) == [[expected], [], ["milk", expected]]


def test_a_word_that_the_encoder_knows_is_right() -> None:
    texts = ["cake", "paper", "cheese"]
    assert corrected(correction(texts), [["coke", "chese"]]) == [["cake", "cheese"]]
    # Pieces of words and sentences are no words.
    assert corrected(correction(texts, ["Cokes", "##chese", "chese sold"]), [["coke", "chese"]]) == [["coke", "cheese"]]


def test_nothing_is_corrected_to_two_words_joined() -> None:
    texts = ["light bulb", "light bulb 2"]
    assert corrected(correction(texts), [["lightbulb", "lightbulp"]]) == [["lightbulb", "lightbulp"]]


@pytest.mark.parametrize("texts", [[""], ["牛奶", "1/2"], ["ab"]])
def test_a_catalogue_without_words_to_correct_to(texts: list[str]) -> None:
    assert corrected(correction(texts), [["chese"], []]) == [["chese"], []]


def test_corrected_words_are_words_of_the_index() -> None:
    plurals = split_words(tf.constant(["Crackerss chesee"]))
    assert correction(TEXTS).check(plurals).words.to_list() == [[b"cracker", b"cheese"]]


def test_no_queries() -> None:
    assert corrected(correction(TEXTS), []) == []


def test_memory_is_as_it_is_said() -> None:
    corrections = build_corrections(
        build_postings(["cheese", "toilet", "lumberjack"], LexicalOptions()), np.zeros(0, np.int64)
    )
    # Of cheese, taking out one e or the other leaves the same.
    assert len(corrections.keys) == len(corrections.entries) <= 7 + 7 + (100 + 10 + 2) // 2
    assert (np.diff(corrections.keys) >= 0).all()
