"""Copies against a comparison of all pairs, and bursts against a sum of chances."""

import math
import random

import numpy as np
import pytest

from components.opinions.bursts import burst_days
from components.opinions.copies import LEAST_WORDS, alike, bands_of, shingles_of

WORDS = [f"word{number}" for number in range(400)]


def runs(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[start : start + 3]) for start in range(len(words) - 2)}


def test_alike_is_the_share_of_common_runs_of_words() -> None:
    chosen = random.Random(3)
    for _ in range(50):
        first = chosen.choices(WORDS[:6], k=12)
        second = [*first[:6], *chosen.choices(WORDS[:6], k=6)]
        texts = " ".join(first), " ".join(second)
        expected = len(runs(texts[0]) & runs(texts[1])) / len(runs(texts[0]) | runs(texts[1]))
        assert alike(*map(shingles_of, texts)) == pytest.approx(expected)


def test_what_is_alike_meets_in_a_band_and_the_rest_rarely() -> None:
    chosen = random.Random(4)
    met = {True: 0, False: 0}
    for near in met:
        for _ in range(200):
            first = chosen.choices(WORDS, k=60)
            # Four words of sixty changed in a row, or nothing but the first words the same.
            second = [*first[:56], *chosen.choices(WORDS, k=4)] if near else [*first[:12], *chosen.choices(WORDS, k=48)]
            pair = [set(bands_of(shingles_of(" ".join(words)))) for words in (first, second)]
            met[near] += bool(pair[0] & pair[1])
    assert met[True] >= 199
    assert met[False] <= 10


def test_spelling_is_no_difference_and_short_texts_are_no_copies() -> None:
    text = "The lid broke after two weeks, and nobody answered my mail"
    assert alike(shingles_of(text), shingles_of(text.upper().replace(",", " ,"))) == 1.0
    assert not len(shingles_of("great product " * (LEAST_WORDS // 2 - 1)))
    assert len(shingles_of("这个茶壶的盖子用了两个星期就坏了"))


def test_a_burst_is_what_chance_does_not_make() -> None:
    usual = [(day, 1) for day in range(0, 60, 2)]
    assert burst_days([*usual, (61, 9)]) == [61]
    assert burst_days([*usual, (61, 5)]) == []
    # The chance that a day with half a review has as many, added up.
    mean = 30 / 61
    at_least_nine = 1 - sum(math.exp(-mean) * mean**count / math.factorial(count) for count in range(9))
    assert at_least_nine * 62 < 1e-4
    # A product that sells a lot gets many each day, and a new one has no usual number.
    busy = np.random.default_rng(0).poisson(20, 100)
    assert burst_days(enumerate(busy.tolist())) == []
    assert burst_days([(0, 1), (3, 40)]) == []
