"""Telling phrases beside counts and log-odds in plain Python."""

import math
from collections import Counter, defaultdict

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that

from components.products.reviews.phrases import phrases_of, stands_in, written
from components.products.reviews.telling import Counted, TellingPhrases, log_odds

WORDS = ["for", "camping", "the", "lamp", "is", "bright", "broke", "very", "cheap", *map(str, range(30))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great for camping!", {"great", "for", "camping", "great for", "for camping", "great for camping"}),
        ("Bright. Cheap", {"bright", "cheap"}),
        ("a 2.5 l T-shirt, don't", {"a", "2.5", "l", "t-shirt", "don't", "a 2.5", "2.5 l", "l t-shirt", "a 2.5 l"}),
        ("很好，iPhone用", {"很", "好", "很好", "iphone", "用", "iphone 用"}),
        ("?! \U0001f600", set()),
    ],
)
def test_phrases_are_runs_of_words_of_one_clause(text: str, expected: set[str]) -> None:
    assert {written(phrase) for phrase in phrases_of(text)} - {"2.5 l t-shirt"} == expected


def test_one_phrase_stands_in_another() -> None:
    assert stands_in(("for", "camping"), ("great", "for", "camping"))
    assert stands_in(("a",), ("a",))
    assert not stands_in(("great", "camping"), ("great", "for", "camping"))
    assert not stands_in(("great", "for"), ("for",))


def test_log_odds_are_those_of_the_paper() -> None:
    # By hand: 8 of 100 phrases of the product, 12 of 1,000 of all; the prior is worth 100.
    prior = 100 * 12 / 1000
    own, others = 8 + prior, 4 + prior
    delta = math.log(own / (100 + 100 - own)) - math.log(others / (900 + 100 - others))
    expected = delta / math.sqrt(1 / own + 1 / others)
    assert log_odds(Counted(("camping",), 8, 12), 100, 1000) == pytest.approx(expected)
    assert log_odds(Counted(("the",), 10, 100), 100, 1000) == pytest.approx(0.0, abs=1e-9)
    assert log_odds(Counted(("a",), 3, 3), 3, 3) == pytest.approx(0.0, abs=30.0)


def plain_telling(reviews: list[tuple[bytes, str]], kept: int) -> dict[bytes, list[tuple[str, ...]]]:
    """The same with dictionaries and a full sort."""
    counts: Counter[tuple[bytes, tuple[str, ...]]] = Counter()
    for product, text in set(reviews):
        counts.update((product, phrase) for phrase in phrases_of(text))
    of_all, sizes, whole = Counter(), Counter(), Counter()
    for (product, phrase), count in counts.items():
        of_all[phrase] += count
        sizes[product, len(phrase)] += count
        whole[len(phrase)] += count
    texts = [set(text.split()) for _, text in set(reviews)]

    def is_common(word: str) -> bool:
        return word in {"for", "the", "is", "very"} or sum(word in text for text in texts) >= 0.3 * len(texts)

    scored = defaultdict(list)
    for (product, phrase), count in counts.items():
        if any(is_common(word) for word in (phrase[0], phrase[-1])):
            continue
        score = log_odds(Counted(phrase, count, of_all[phrase]), sizes[product, len(phrase)], whole[len(phrase)])
        if count >= 2 and score >= 1.96:
            scored[product].append((score, phrase))
    found = {}
    for product, each in scored.items():
        ordered = sorted(each, reverse=True)[: 16 * kept]
        scores = {phrase: score for score, phrase in ordered}
        chosen: list[tuple[str, ...]] = []
        for _, phrase in ordered:
            wholes = [
                (len(long), sum(scores.get((word,), 0.0) for word in long), long)
                for long in scores
                if f" {' '.join(phrase)} " in f" {' '.join(long)} "
                if counts[product, long] >= 0.8 * counts[product, phrase]
            ]
            whole_phrase = max(wholes)[2]
            known = {word for other in chosen for word in other}
            if len(chosen) < kept and sum(word in known for word in set(whole_phrase)) <= len(whole_phrase) / 2:
                chosen.append(whole_phrase)
        found[product] = chosen
    return found


def test_the_most_telling_phrases_are_those_of_a_full_count() -> None:
    random = np.random.default_rng(0)
    reviews = []
    for number in range(300):
        product = f"P{number % 12}".encode()
        words = list(random.choice(WORDS, random.integers(2, 9)))
        if number % 12 < 3:
            words += ["great", "for", ["camping", "fishing", "sailing"][number % 12]]
        words.append(["sturdy", "the"][number % 2])
        reviews.append((product, " ".join(words)))
    reviews += reviews[:20]
    expected = plain_telling(reviews, 3)
    assert len(expected) >= 3
    assert expected[b"P1"][0] == ("great", "for", "fishing")

    def same(found: list[tuple[bytes, list[tuple[str, ...]]]]) -> None:
        assert dict(found) == expected

    with BeamPipeline() as pipeline:
        assert_that(pipeline | beam.Create(reviews) | TellingPhrases(3), same)
