"""The signs that an answer fits, against NumPy one answer at a time."""

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.words import index_words, joined_pairs, plain_words, singular_words
from serving.index.lexical import LexicalIndex
from serving.support.scorer import FEATURES, AnswerScorer, AnswerVectors
from serving.support.sureness import signs_of
from trainer.search.index.postings import build_postings

TEXTS = ["milk is red", "bread and tea", "green coffee", "apple"]
QUESTIONS = ["red milk", "milk", "tea bread", "coffee please"]
OWNERS = np.array([0, 0, 1, 2], np.int32)
PIECE_OWNERS = np.array([0, 1, 1, 2, 3], np.int32)
INTENTS = np.array([1, 0, -1, 1], np.int32)
ASKED = ["red milk", "who sells tea", "nothing at all"]
WIDTH = 6


def unit(rows: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(rows, WIDTH)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


VECTORS = AnswerVectors(
    texts=unit(4, 0),
    pieces=unit(5, 1),
    piece_answer=PIECE_OWNERS,
    names=unit(2, 2),
    intent=INTENTS,
    questions=unit(4, 3),
    question_answer=OWNERS,
    common=np.array([0.1, 0.2, 0.3, 0.4], np.float32),
)
SIDE = 0.1 * np.random.default_rng(4).normal(size=(WIDTH, WIDTH)).astype(np.float32)
HEAD = np.random.default_rng(5).normal(size=(WIDTH, 2)).astype(np.float32)
BIAS = np.array([0.3, -0.1], np.float32)


@pytest.fixture(scope="module")
def scorer() -> AnswerScorer:
    return AnswerScorer(
        VECTORS,
        build_postings([*TEXTS, *QUESTIONS], None),
        question_side=SIDE,
        intent_weights=HEAD,
        intent_bias=BIAS,
        weights={name: 1.0 + place for place, name in enumerate(FEATURES)},
    )


def word_scores(question: str) -> np.ndarray:
    words = plain_words(tf.constant([question]))
    lexical = LexicalIndex(build_postings([*TEXTS, *QUESTIONS], None))
    return lexical.scores(lexical.ask(index_words(words), joined_pairs(singular_words(words)))).numpy()[0]


def expected(question: str, encoded: np.ndarray, left_out: int) -> dict[str, np.ndarray]:
    changed = encoded + encoded @ SIDE
    asked = changed / np.linalg.norm(changed)
    words = word_scores(question)
    of_texts, of_questions = words[:4], words[4:].copy()
    logits = encoded @ HEAD + BIAS
    log = np.maximum(logits - np.log(np.exp(logits).sum()), -10.0) / 10.0
    found = {name: np.zeros(4) for name in FEATURES}
    known = np.zeros(4, bool)
    for answer in range(4):
        found["text"][answer] = asked @ VECTORS.texts[answer]
        found["pieces"][answer] = max(asked @ VECTORS.pieces[row] for row in np.flatnonzero(answer == PIECE_OWNERS))
        intent = INTENTS[answer]
        found["intent_name"][answer] = asked @ VECTORS.names[intent] if intent >= 0 else found["text"][answer]
        found["intent"][answer] = log[intent] if intent >= 0 else -np.log(2) / 10.0
        found["uncommon"][answer] = -VECTORS.common[answer]
        found["words"][answer] = of_texts[answer] / of_texts.max() if of_texts.max() else 0.0
        own = [row for row in np.flatnonzero(answer == OWNERS) if row != left_out]
        if own:
            known[answer] = True
            cosines = [encoded @ VECTORS.questions[row] for row in own]
            found["nearest_question"][answer], found["mean_question"][answer] = max(cosines), np.mean(cosines)
            found["question_words"][answer] = max(of_questions[row] for row in own)
    for name in ("nearest_question", "mean_question"):
        found[name][~known] = found[name][known].mean()
    best = found["question_words"].max()
    found["question_words"] = found["question_words"] / best if best else found["question_words"]
    return found


@pytest.mark.parametrize("left_out", [-1, 0, 2])
def test_each_sign_is_what_it_says(scorer: AnswerScorer, left_out: int) -> None:
    """Also without a known question, whose own vector is then the one that asks."""
    encoded = unit(3, 7)
    if left_out >= 0:
        encoded[:] = VECTORS.questions[left_out]
    vectors = tf.constant(encoded)
    asked = scorer.read(tf.constant(ASKED), vectors, tf.fill([3], left_out))
    found = scorer.features(asked, scorer.intent_logits(vectors))
    scores = scorer.scores(found).numpy()
    for row, question in enumerate(ASKED):
        wanted = expected(question, encoded[row], left_out)
        for name in FEATURES:
            np.testing.assert_allclose(found[name].numpy()[row], wanted[name], atol=1e-5, err_msg=name)
        total = sum((1.0 + place) * wanted[name] for place, name in enumerate(FEATURES))
        np.testing.assert_allclose(scores[row], total, rtol=1e-4)


def test_without_questions_and_intents_only_texts_speak() -> None:
    nothing = AnswerVectors(
        texts=VECTORS.texts,
        pieces=VECTORS.pieces,
        piece_answer=PIECE_OWNERS,
        names=np.zeros((0, WIDTH), np.float32),
        intent=np.full(4, -1, np.int32),
        questions=np.zeros((0, WIDTH), np.float32),
        question_answer=np.zeros(0, np.int32),
        common=np.zeros(4, np.float32),
    )
    scorer = AnswerScorer(
        nothing,
        build_postings(TEXTS, None),
        question_side=None,
        intent_weights=None,
        intent_bias=None,
        weights=dict.fromkeys(FEATURES, 1.0),
    )
    vectors = tf.constant(unit(3, 7))
    found = scorer.features(scorer.read(tf.constant(ASKED), vectors), scorer.intent_logits(vectors))
    for name in ("nearest_question", "mean_question", "question_words", "intent"):
        assert not found[name].numpy().any(), name
    np.testing.assert_allclose(found["intent_name"].numpy(), found["text"].numpy())


def test_signs_are_those_of_the_best_answer() -> None:
    scores = np.array([[1.0, 3.0, 2.5], [-np.inf, -np.inf, 0.5], [-np.inf] * 3], np.float32)
    text, nearest = unit(3, 1)[:, :3], unit(3, 2)[:, :3]
    found = signs_of(tf.constant(scores), tf.constant(text), tf.constant(nearest)).numpy()
    share = np.exp(3.0) / np.exp([1.0, 3.0, 2.5]).sum()
    np.testing.assert_allclose(found[0], [np.log(share / (1 - share)), 0.5, text[0, 1], nearest[0, 1]], rtol=1e-4)
    # An answer without another one is as sure as can be.
    np.testing.assert_allclose(found[1, :2], [15.0, 15.0])
    assert np.isfinite(found).all()
