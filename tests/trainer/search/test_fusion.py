"""The weight of the words, learned on cases made by hand."""

import dataclasses
import math
import statistics

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.words import split_words
from serving.index.lexical import LexicalIndex
from tests.serving.graph.plain_words import PlainBm25
from tests.trainer.search.tiny_search import judged
from trainer.search.fusion import PRIOR, learn_fusion
from trainer.search.index.build import build_fusion
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions, SearchServingOptions
from trainer.search.queries import JudgedQueries

WEIGHTS = np.geomspace(0.1, 20.0, 24)
FEEDBACK = [0.0, 0.25, 0.5, 1.0]
# Nearest to the query first.
VECTORS = np.array([[math.cos(angle), math.sin(angle)] for angle in (0.1, 0.5, 1.0, 1.4)], np.float32)
QUERY = np.array([[1.0, 0.0]], np.float32)
# The words of the query name the third text.
TEXTS = ["milk", "bread", "green tea", "green"]
ASKED = "green tea"


def lexical_index(texts: list[str]) -> LexicalIndex:
    return LexicalIndex(build_postings(texts, LexicalOptions()))


def plain_fusion(
    texts: list[str], vectors: np.ndarray, queries: JudgedQueries, asked: np.ndarray
) -> tuple[float, float]:
    """The weights nearest to the prior that are within a standard error of the best, by a full sort of all texts."""
    words = [[word.decode() for word in row] for row in split_words(tf.constant([*texts, *queries.queries])).to_list()]
    bm25 = PlainBm25(words[: len(texts)])
    offsets, products = queries.relevant(0.5)

    def gains(weight: float, feedback: float) -> list[float]:
        found = []
        for row, vector in enumerate(asked):
            answers = set(products[offsets[row] : offsets[row + 1]].tolist())
            scores = vectors @ vector + weight * bm25.scores(words[len(texts) + row])
            best = sorted(range(len(texts)), key=lambda text, scores=scores: -scores[text])[:20]
            scores = scores + feedback * (vectors @ vectors[best].mean(axis=0))
            hits = [
                1 / math.log2(place + 2)
                for place, product in enumerate(np.argsort(-scores, kind="stable")[:10])
                if product in answers
            ]
            if answers:
                found.append(sum(hits) / sum(1 / math.log2(place + 2) for place in range(min(10, len(answers)))))
        return found

    people = sum(name == "asked" and offsets[row + 1] > offsets[row] for row, name in enumerate(queries.slices))
    weight = nearest(
        [gains(weight, PRIOR.feedback) for weight in WEIGHTS],
        [abs(math.log(weight / PRIOR.lexical)) for weight in WEIGHTS],
        people,
    )
    feedback = nearest(
        [gains(WEIGHTS[weight], feedback) for feedback in FEEDBACK],
        [abs(feedback - PRIOR.feedback) for feedback in FEEDBACK],
        people,
    )
    return float(WEIGHTS[weight]), FEEDBACK[feedback]


def nearest(found: list[list[float]], distance: list[float], people: int) -> int:
    """The choice that is least far and hardly worse than the best; made queries count as 30 at the most."""
    best = max(found, key=statistics.fmean)
    near = []
    for choice, values in enumerate(found):
        shortfall = [one - other for one, other in zip(best, values, strict=True)]
        count = people + min(len(values) - people, 30)
        error = statistics.stdev(shortfall) / math.sqrt(count) if len(shortfall) > 1 else 0.0
        if statistics.fmean(shortfall) <= error + 1e-12:
            near.append(choice)
    return min(near, key=lambda choice: distance[choice])


def test_words_that_tell_the_answer_outweigh_a_meaning_that_does_not() -> None:
    learned = learn_fusion(judged([(ASKED, {2: 1.0})]), QUERY, VECTORS, lexical_index(TEXTS), 0.5)
    assert learned.dense == 1.0
    assert (learned.lexical, learned.feedback) == pytest.approx(
        plain_fusion(TEXTS, VECTORS, judged([(ASKED, {2: 1.0})]), QUERY)
    )


def test_words_that_mislead_get_no_more_weight_than_does_no_harm() -> None:
    queries = judged([(ASKED, {0: 1.0})])
    learned = learn_fusion(queries, QUERY, VECTORS, lexical_index(TEXTS), 0.5)
    assert learned[1:] == pytest.approx(plain_fusion(TEXTS, VECTORS, queries, QUERY))
    assert learned.lexical < PRIOR.lexical


def test_without_an_answer_the_prior_counts() -> None:
    queries = judged([(ASKED, {0: 0.25})])
    learned = learn_fusion(queries, QUERY, VECTORS, lexical_index(TEXTS), 0.5)
    assert abs(math.log(learned.lexical / PRIOR.lexical)) == min(abs(np.log(WEIGHTS / PRIOR.lexical)))
    assert learned.feedback == PRIOR.feedback


def random_case(count: int) -> tuple[list[str], np.ndarray, np.ndarray, JudgedQueries]:
    """Texts, their vectors, queries' vectors and queries that want now this and now that."""
    random = np.random.default_rng(3)
    vocabulary = ["milk", "bread", "green", "tea", "red", "牛", "oz"]
    texts = [" ".join(random.choice(vocabulary, 3)) for _ in range(30)]
    vectors, asked = (random.normal(size=(rows, 4)).astype(np.float32) for rows in (30, count + 1))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    queries = judged(
        [
            (" ".join(random.choice(vocabulary, 2)), {int(product): 1.0 for product in random.choice(30, row % 6)})
            for row in range(count)
        ]
        + [("unheardof", {1: 1.0})]
    )
    return texts, vectors, asked, queries


@pytest.mark.parametrize("name", ["asked", "typo"])
@pytest.mark.parametrize("count", [6, 60])
def test_queries_with_opposite_wishes_meet_in_between(count: int, name: str) -> None:
    texts, vectors, asked, queries = random_case(count)
    queries = dataclasses.replace(queries, slices=[name] * len(queries))
    learned = learn_fusion(queries, asked, vectors, lexical_index(texts), 0.5)
    assert learned[1:] == pytest.approx(plain_fusion(texts, vectors, queries, asked))


def test_made_queries_move_the_weight_less_than_those_that_people_asked() -> None:
    random = np.random.default_rng(0)
    vectors = np.eye(12, dtype=np.float32)
    texts = [f"word{chr(97 + row)}" for row in range(12)]
    wanted = random.integers(0, 12, 400)
    # Of three queries, two name what they want while their meaning points elsewhere.
    named = np.where(random.random(400) < 0.6, wanted, (wanted + 1) % 12)
    asked = vectors[(wanted + 2) % 12] * 0.95 + vectors[wanted] * 0.31
    queries = judged([(texts[name], {int(want): 1.0}) for name, want in zip(named, wanted, strict=True)])
    learned = {
        name: learn_fusion(
            dataclasses.replace(queries, slices=[name] * len(queries)), asked, vectors, lexical_index(texts), 0.5
        )
        for name in ("asked", "typo")
    }
    distance = {name: abs(math.log(fusion.lexical / PRIOR.lexical)) for name, fusion in learned.items()}
    assert distance["typo"] <= distance["asked"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (SearchServingOptions(lexical=None), (1.0, 0.0, 0.0)),
        (SearchServingOptions(dense=False), (0.0, 1.0, 0.0)),
        (SearchServingOptions(), None),
    ],
)
def test_a_side_that_is_off_has_no_weight(
    options: SearchServingOptions, expected: tuple[float, float, float] | None
) -> None:
    queries = judged([(ASKED, {0: 1.0})])
    expected = expected or (1.0, *plain_fusion(TEXTS, VECTORS, queries, QUERY))
    postings = build_postings(TEXTS, options.lexical)
    assert build_fusion(postings, VECTORS, queries, QUERY, options, 0.5) == pytest.approx(expected)
