"""The weight of the words, learned on cases made by hand."""

import math
import statistics

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.words import split_words
from serving.index.lexical import LexicalIndex
from tests.serving.graph.plain_words import PlainBm25
from tests.trainer.search.tiny_search import judged
from trainer.search.fusion import learn_fusion
from trainer.search.index.build import build_fusion
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions, SearchServingOptions
from trainer.search.queries import JudgedQueries

WEIGHTS = np.geomspace(0.05, 20.0, 40)
# Nearest to the query first.
VECTORS = np.array([[math.cos(angle), math.sin(angle)] for angle in (0.1, 0.5, 1.0, 1.4)], np.float32)
QUERY = np.array([[1.0, 0.0]], np.float32)
# The words of the query name the third text.
TEXTS = ["milk", "bread", "green tea", "green"]
ASKED = "green tea"


def lexical_index(texts: list[str]) -> LexicalIndex:
    return LexicalIndex(build_postings(texts, LexicalOptions()))


def plain_weight(texts: list[str], vectors: np.ndarray, queries: JudgedQueries, asked: np.ndarray) -> float:
    """The weight nearest to 1 that is within a standard error of the best, by a full sort of all products for each."""
    words = [[word.decode() for word in row] for row in split_words(tf.constant([*texts, *queries.queries])).to_list()]
    bm25 = PlainBm25(words[: len(texts)])
    offsets, products = queries.relevant(0.5)
    found: list[list[float]] = []
    for weight in WEIGHTS:
        found.append([])
        for row, vector in enumerate(asked):
            answers = set(products[offsets[row] : offsets[row + 1]].tolist())
            scores = vectors @ vector + weight * bm25.shares(words[len(texts) + row])
            gains = [
                1 / math.log2(place + 2)
                for place, product in enumerate(np.argsort(-scores, kind="stable")[:10])
                if product in answers
            ]
            ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(answers))))
            if answers:
                found[-1].append(sum(gains) / ideal)
    best = max(found, key=statistics.fmean)
    near = []
    for weight, values in zip(WEIGHTS.tolist(), found, strict=True):
        shortfall = [one - other for one, other in zip(best, values, strict=True)]
        error = statistics.stdev(shortfall) / math.sqrt(len(shortfall)) if len(shortfall) > 1 else 0.0
        if statistics.fmean(shortfall) <= error + 1e-12:
            near.append(weight)
    return min(near, key=lambda weight: abs(math.log(weight)))


def test_words_that_tell_the_answer_outweigh_a_meaning_that_does_not() -> None:
    learned = learn_fusion(judged([(ASKED, {2: 1.0})]), QUERY, VECTORS, lexical_index(TEXTS), 0.5)
    assert learned.dense == 1.0
    # What the words add to the third text must make up for what the first is nearer.
    shares = PlainBm25([text.split() for text in TEXTS]).shares(ASKED.split())
    needed = (math.cos(0.1) - math.cos(1.0)) / (shares[2] - shares[0])
    enough = [weight for weight in WEIGHTS if weight > needed]
    assert learned.lexical == pytest.approx(min(enough, key=lambda weight: abs(math.log(weight))))


def test_words_that_mislead_get_no_more_weight_than_does_no_harm() -> None:
    queries = judged([(ASKED, {0: 1.0})])
    learned = learn_fusion(queries, QUERY, VECTORS, lexical_index(TEXTS), 0.5)
    assert learned == (1.0, pytest.approx(plain_weight(TEXTS, VECTORS, queries, QUERY)))
    assert learned.lexical < 1.0


def test_without_an_answer_both_sides_count_alike() -> None:
    queries = judged([(ASKED, {0: 0.25})])
    assert learn_fusion(queries, QUERY, VECTORS, lexical_index(TEXTS), 0.5) == (1.0, 1.0)


@pytest.mark.parametrize("count", [6, 150])
def test_queries_with_opposite_wishes_meet_in_between(count: int) -> None:
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
    expected = plain_weight(texts, vectors, queries, asked)
    assert WEIGHTS[0] < expected < WEIGHTS[-1]
    learned = learn_fusion(queries, asked, vectors, lexical_index(texts), 0.5)
    assert learned.lexical == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (SearchServingOptions(lexical=None), (1.0, 0.0)),
        (SearchServingOptions(dense=False), (0.0, 1.0)),
        (SearchServingOptions(), (1.0, None)),
    ],
)
def test_a_side_that_is_off_has_no_weight(options: SearchServingOptions, expected: tuple[float, float | None]) -> None:
    queries = judged([(ASKED, {0: 1.0})])
    dense, lexical = expected
    if lexical is None:
        lexical = plain_weight(TEXTS, VECTORS, queries, QUERY)
    postings = build_postings(TEXTS, options.lexical)
    assert build_fusion(postings, VECTORS, queries, QUERY, options, 0.5) == (dense, pytest.approx(lexical))
