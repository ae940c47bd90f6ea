"""Metrics and mined negatives of an epoch against full sorts in plain Python."""

import dataclasses
import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest

from tests.random_head import encoder_with_random_head
from tests.trainer.search.tiny_search import TinySearch, judged, product_texts
from trainer.artifacts.catalogue import distinct_texts
from trainer.search.batches import BatchSource, TrainingPairs, training_pairs
from trainer.search.encoder import SearchEncoder
from trainer.search.options import SearchTrainingOptions
from trainer.search.queries import JudgedQueries
from trainer.search.tables import EncoderInputs
from trainer.search.validation import SearchValidation, chosen_texts, eval_answers
from trainer.text.backbone import TextEncoder, encode_texts, load_text_encoder

ROWS, TEXTS = distinct_texts(product_texts())
TEXT_OF_PRODUCT = ROWS.astype(np.int64)
# Products 0 and 24 share a text.
TRAINING = judged([("milk e", {0: 1.0, 4: 0.75, 24: 0.5, 3: 0.0}), ("bread", {1: 1.0}), ("tea d", {2: 1.0, 7: 0.25})])
EVAL = judged(
    [
        ("milk", {0: 1.0, 24: 1.0, 4: 0.5, 8: 0.25}),
        ("coffee f", {3: 0.75, 7: 1.0, 1: 0.0}),
        ("nothing", {5: 0.25}),
        ("tea c", dict.fromkeys(range(2, 24), 1.0)),
    ]
)
OPTIONS = SearchTrainingOptions(mined_from=2, mined_to=9)


class Judge(NamedTuple):
    encoder: SearchEncoder
    validation: SearchValidation
    source: BatchSource
    pairs: TrainingPairs
    corpus: np.ndarray


@pytest.fixture(scope="module")
def text_encoder(shop: TinySearch) -> TextEncoder:
    return load_text_encoder(shop.text())


def judge(text_encoder: TextEncoder, training: str, max_texts: int = 100, queries: JudgedQueries = TRAINING) -> Judge:
    encoder = SearchEncoder(text_encoder, None)
    if training == "frozen":
        encoder = encoder_with_random_head(text_encoder, TEXTS, seed=4)
    inputs = EncoderInputs(encoder, 8)
    tables = (inputs.table(queries.queries), inputs.table(TEXTS), inputs.table(EVAL.queries))
    pairs = training_pairs(queries, TEXT_OF_PRODUCT, OPTIONS, 0)
    source = BatchSource(pairs, OPTIONS, 0)
    relevant = eval_answers(EVAL, TEXT_OF_PRODUCT, OPTIONS.relevant_from)
    corpus = chosen_texts(pairs, relevant[1], len(TEXTS), max_texts, 0)
    validation = SearchValidation(inputs, tables, corpus, relevant, source, OPTIONS)
    return Judge(encoder, validation, source, pairs, corpus)


def ranked(judge: Judge, queries: list[str]) -> list[list[int]]:
    """The ranked texts of each query by a full sort."""
    scores = judge.encoder.embed(queries, 8) @ judge.encoder.embed([TEXTS[row] for row in judge.corpus], 8).T
    return [[int(judge.corpus[place]) for place in np.argsort(-row, kind="stable")] for row in scores]


def plain_metrics(judge: Judge) -> dict[str, float]:
    """NDCG, recall and reciprocal rank at 10 by their formulas, over the queries that have an answer."""
    found: dict[str, list[float]] = {"ndcg": [], "recall": [], "mrr": []}
    for row, order in enumerate(ranked(judge, EVAL.queries)):
        judgements = slice(EVAL.offsets[row], EVAL.offsets[row + 1])
        answers = {
            int(TEXT_OF_PRODUCT[product])
            for product, relevance in zip(EVAL.products[judgements], EVAL.relevance[judgements], strict=True)
            if relevance >= 0.5
        }
        if not answers:
            continue
        hits = [text in answers for text in order[:10]]
        ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(answers))))
        found["ndcg"].append(sum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / ideal)
        found["recall"].append(sum(hits) / min(10, len(answers)))
        found["mrr"].append(1 / (hits.index(True) + 1) if any(hits) else 0.0)
    return {f"{name}_at_10": float(np.mean(values)) for name, values in found.items()}


@pytest.mark.parametrize("training", ["frozen", "full"])
def test_an_epoch_gets_the_metrics_and_the_next_one_its_negatives(text_encoder: TextEncoder, training: str) -> None:
    made = judge(text_encoder, training)
    assert made.validation.judge(0, last=False) == pytest.approx(plain_metrics(made), abs=1e-6)
    for row, order in enumerate(ranked(made, TRAINING.queries)):
        assert set(made.source.mined[row]) == set(order[2:9]) - set(made.pairs.judged[row])


def test_the_last_epoch_mines_no_more(text_encoder: TextEncoder) -> None:
    made = judge(text_encoder, "frozen")
    made.validation.judge(0, last=False)
    assert any(len(mined) for mined in made.source.mined)
    made.source.mined = [np.array([], np.int64) for _ in made.source.mined]
    made.validation.judge(1, last=True)
    assert all(not len(mined) for mined in made.source.mined)


@pytest.mark.parametrize("training", ["frozen", "full"])
def test_the_first_negatives_come_from_the_vectors_at_the_start(text_encoder: TextEncoder, training: str) -> None:
    made = judge(text_encoder, training)
    made.validation.start(encode_texts(text_encoder, TEXTS, 8))
    for row, order in enumerate(ranked(made, TRAINING.queries)):
        assert set(made.source.mined[row]) == set(order[2:9]) - set(made.pairs.judged[row])


@pytest.mark.parametrize("slices", [["asked", "training", "asked"], ["training"] * 3])
def test_for_a_query_that_was_made_of_a_text_none_are_mined(text_encoder: TextEncoder, slices: list[str]) -> None:
    made = judge(text_encoder, "frozen", queries=dataclasses.replace(TRAINING, slices=slices))
    made.validation.judge(0, last=False)
    for row, order in enumerate(ranked(made, TRAINING.queries)):
        wanted = set(order[2:9]) - set(made.pairs.judged[row]) if slices[row] == "asked" else set()
        assert set(made.source.mined[row]) == wanted


@pytest.mark.parametrize("training", ["frozen", "full"])
def test_a_judged_epoch_tells_how_many_neighbours_it_keeps(text_encoder: TextEncoder, training: str) -> None:
    made = judge(text_encoder, training)
    before = encode_texts(text_encoder, TEXTS, 8)
    made.validation.start(before)
    found = made.validation.judge(0, last=False)
    now = made.encoder.embed(TEXTS, 8)
    shares = []
    for text in range(len(TEXTS)):
        near = [set(np.argsort(-(each @ each[text]))[:11].tolist()) - {text} for each in (before, now)]
        shares.append(len(near[0] & near[1]) / 10)
    # BERT itself has not been trained here; a random head keeps some.
    assert found["neighbours_kept"] == pytest.approx(np.mean(shares), abs=0.02)
    assert (found["neighbours_kept"] == 1.0) == (training == "full")


@pytest.mark.parametrize("training", ["frozen", "full"])
def test_of_many_texts_a_part_is_ranked(text_encoder: TextEncoder, training: str) -> None:
    made = judge(text_encoder, training, max_texts=24)
    assert len(made.corpus) == 24 < len(TEXTS)
    assert made.validation.judge(0, last=False) == pytest.approx(plain_metrics(made), abs=1e-6)


def test_texts_that_answer_a_query_are_always_ranked() -> None:
    pairs = training_pairs(TRAINING, TEXT_OF_PRODUCT, OPTIONS, 0)
    answers = np.array([5, 7, 7])
    needed = {*pairs.text.tolist(), 5, 7}
    for most in (1, len(needed), len(needed) + 3):
        chosen = chosen_texts(pairs, answers, 60, most, seed=0)
        assert needed <= set(chosen.tolist())
        assert len(chosen) == len(set(chosen.tolist())) == max(most, len(needed))
        assert chosen.tolist() == sorted(chosen.tolist())
    np.testing.assert_array_equal(chosen_texts(pairs, answers, 60, 60, 0), np.arange(60))
    samples = [tuple(chosen_texts(pairs, answers, 60, 20, seed)) for seed in (0, 0, 1)]
    assert samples[0] == samples[1] != samples[2]


def test_answers_are_the_distinct_texts_of_relevant_products() -> None:
    offsets, rows = eval_answers(EVAL, TEXT_OF_PRODUCT, 0.5)
    found = [rows[start:stop].tolist() for start, stop in itertools.pairwise(offsets)]
    assert found == [[0, 4], [3, 7], [], list(range(2, 24))]


def test_without_any_answer_there_is_nothing_to_validate_on() -> None:
    with pytest.raises(ValueError, match=r"No eval query has a product of relevance 0\.5 or more"):
        eval_answers(judged([("milk", {0: 0.25}), ("tea", {})]), TEXT_OF_PRODUCT, 0.5)
