"""Puts what is known of answers and questions together into what is served."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.support.scorer import FEATURES, AnswerScorer, AnswerVectors
from trainer.search.index.postings import build_postings
from trainer.support.answers import Answers, Questions
from trainer.support.confidence import Confidence, learn_when_sure
from trainer.support.fusion import PRIOR, Candidates, learn_weights, without_known_questions
from trainer.support.intents import fit_intents, held_out_logits
from trainer.support.options import SupportOptions
from trainer.support.pairs import DualEncoder, train_pairs
from trainer.support.pieces import name_as_words, pieces_of
from trainer.text.backbone import encode_texts

Vectors = npt.NDArray[np.float32]

# Questions that say how near an answer is to any question.
_COMMON_QUESTIONS = 10
_QUESTIONS_AT_ONCE = 128
# With fewer eval questions the training questions are asked too, each without what is known of itself.
_FEW = 300
_MOST_ASKED = 2_000
# Of more answers, these are looked at for a question, and the right one.
_MOST_CANDIDATES = 200


@dataclass(frozen=True, kw_only=True)
class BuiltSupport:
    """What is served.

    Attributes:
        dual: What encodes questions.
        scorer: What scores answers.
        confidence: When one is given.
        summary: What training.json says.
        questions: The questions that the scorer knows.
        encoded: float32 `(questions, dimensions)`, their vectors by the encoder alone.
    """

    dual: DualEncoder
    scorer: AnswerScorer
    confidence: Confidence
    summary: dict[str, Any]
    questions: Questions
    encoded: Vectors

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns the encoder's vectors of questions."""
        return encode_texts(self.dual.encoder, texts, _QUESTIONS_AT_ONCE)


def build_support(
    answers: Answers,
    learned: Questions,
    validated: Questions,
    options: SupportOptions,
    *,
    seed: int,
    log_uri: str,
    most_steps: int | None = None,
    checkpoint_uri: str = "",
) -> BuiltSupport:
    """Learns all that is learned.

    Training questions teach the dual encoder and the intents, and become the answers' known questions. Eval questions,
    which nothing of that has seen, tell how much each sign counts and when an answer is sure. Where there are few of
    them, the training questions do so too, each without what is known of itself, as long as no encoder has learned from
    them.

    Args:
        answers: All answers.
        learned: The training questions; there may be none.
        validated: The eval questions; there may be none.
        options: How to train, and what is served.
        seed: Of everything random.
        log_uri: Where TensorBoard's event files go.
        most_steps: The most batches to train on; None for as many as the options say.
        checkpoint_uri: Where checkpoints go; empty for none.
    """
    dual = train_pairs(
        answers,
        learned,
        validated,
        options,
        seed=seed,
        log_uri=log_uri,
        most_steps=most_steps,
        checkpoint_uri=checkpoint_uri,
    )
    return build_with(dual, answers, learned, validated, options, seed=seed)


def build_with(
    dual: DualEncoder, answers: Answers, learned: Questions, validated: Questions, options: SupportOptions, *, seed: int
) -> BuiltSupport:
    """Learns all but the dual encoder; arguments are those of `build_support`."""
    batch_size = options.text.batch_size
    known = learned.take(_kept(learned.answers, options.answering.max_questions, seed))
    encoded = encode_texts(dual.encoder, known.texts, batch_size)
    pieces, owners = pieces_of(answers.texts)
    names = answers.intent_names()
    intents = answers.intent_places()
    texts, sentences, name_vectors = (
        encode_texts(dual.encoder, each, batch_size)
        for each in (answers.texts, pieces, [name_as_words(name) for name in names])
    )
    beside = (
        np.concatenate([texts, sentences, name_vectors]),
        np.concatenate([intents, intents[owners], np.arange(len(names))]).astype(np.int32),
    )
    labels = intents[known.answers] if len(known) else np.zeros(0, np.int32)
    head = fit_intents(
        np.concatenate([encoded, beside[0]]), np.concatenate([labels, beside[1]]).astype(np.int32), len(names), seed
    )
    answer_side = dual.on_answer_side(texts)
    vectors = AnswerVectors(
        texts=answer_side,
        pieces=dual.on_answer_side(sentences),
        piece_answer=owners,
        names=dual.on_answer_side(name_vectors),
        intent=intents,
        questions=encoded,
        question_answer=known.answers.astype(np.int32),
        common=commonness(dual.on_question_side(encoded), known.answers, answer_side),
    )
    scorer = AnswerScorer(
        vectors,
        build_postings([*answers.texts, *known.texts], options.lexical),
        question_side=dual.question_side,
        intent_weights=None if head is None else head.weights,
        intent_bias=None if head is None else head.bias,
        weights=PRIOR,
    )
    asked = encode_texts(dual.encoder, validated.texts, batch_size) if len(validated) else encoded[:0]
    found = [_candidates(scorer, validated, asked, None, None)] if len(validated) else []
    counts = np.bincount(known.answers, minlength=len(answers)) if len(known) else np.zeros(len(answers), np.int64)
    alone = [counts[validated.answers] == 0]
    if len(validated) < _FEW and len(known) and not dual.trained:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(known))[:_MOST_ASKED])
        logits = None if head is None else held_out_logits(encoded, labels, beside, len(names), seed)[chosen]
        found.append(_candidates(scorer, known.take(chosen), encoded[chosen], chosen.astype(np.int32), logits))
        alone.append(counts[known.answers[chosen]] == 1)
    candidates = without_known_questions(_together(found), np.concatenate(alone))
    weights = learn_weights(candidates, seed)
    scorer.weights = weights.weights
    confidence, answered_without = learn_when_sure(candidates, weights.held_out, options.answering)
    summary = {
        **dual.summary,
        "answers": len(answers),
        "known_questions": len(known),
        "intents": len(names),
        "asked": len(candidates),
        "weights": weights.weights,
        "mrr": {name: None if np.isnan(value) else value for name, value in weights.mrr.items()},
        "threshold": confidence.threshold,
        "answered_without_answer": answered_without,
    }
    return BuiltSupport(
        dual=dual, scorer=scorer, confidence=confidence, summary=summary, questions=known, encoded=encoded
    )


def commonness(questions: Vectors, answer_of: npt.NDArray[np.int32], answers: Vectors) -> Vectors:
    """Returns the mean cosine of each answer with the ten nearest questions of other answers, float32 `(answers,)`.

    Args:
        questions: float32 `(questions, dimensions)`, on the questions' side.
        answer_of: int32 `(questions,)`.
        answers: float32 `(answers, dimensions)`, on the answers' side.
    """
    count = min(_COMMON_QUESTIONS, len(questions) // 2)
    if not count:
        return np.zeros(len(answers), np.float32)
    nearest = np.full((len(answers), count), -1.0, np.float32)
    for start in range(0, len(questions), 1024):
        rows = slice(start, start + 1024)
        cosines = questions[rows] @ answers.T
        cosines[np.arange(len(cosines)), answer_of[rows]] = -1.0
        both = np.concatenate([nearest, cosines.T], axis=1)
        nearest = -np.partition(-both, count - 1, axis=1)[:, :count]
    found: Vectors = nearest.mean(axis=1)
    return found


def _kept(answer_of: npt.NDArray[np.int32], most: int, seed: int) -> npt.NDArray[np.int64]:
    """Returns rows of at most so many questions of each answer, drawn at random, in order."""
    kept: list[int] = []
    counts: dict[int, int] = {}
    for row in np.random.default_rng(seed).permutation(len(answer_of)).tolist():
        answer = int(answer_of[row])
        counts[answer] = counts.get(answer, 0) + 1
        if counts[answer] <= most:
            kept.append(row)
    return np.array(sorted(kept), np.int64)


def _candidates(
    scorer: AnswerScorer,
    questions: Questions,
    encoded: Vectors,
    left_out: npt.NDArray[np.int32] | None,
    logits: Vectors | None,
) -> Candidates:
    """Returns the answers that may be those of some questions, with their features as they are served."""
    width = min(_MOST_CANDIDATES, scorer.answers)
    features = np.zeros((len(questions), width, len(FEATURES)))
    place = np.zeros(len(questions), np.int64)
    for start in range(0, len(questions), _QUESTIONS_AT_ONCE):
        rows = slice(start, min(start + _QUESTIONS_AT_ONCE, len(questions)))
        vectors = tf.constant(encoded[rows])
        asked = scorer.read(
            tf.constant(list(questions.texts[rows])), vectors, None if left_out is None else tf.constant(left_out[rows])
        )
        of_intents = scorer.intent_logits(vectors) if logits is None else tf.constant(logits[rows])
        found = scorer.features(asked, of_intents)
        own = questions.answers[rows].astype(np.int64)
        scores = scorer.scores(found).numpy()
        if width < scorer.answers:
            scores[np.arange(len(own)), own] = np.inf
            chosen = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        else:
            chosen = np.tile(np.arange(width), (len(own), 1))
        for column, name in enumerate(FEATURES):
            features[rows, :, column] = np.take_along_axis(found[name].numpy(), chosen, axis=1)
        place[rows] = (chosen == own[:, np.newaxis]).argmax(axis=1)
    return Candidates(features=features, allowed=np.ones(features.shape[:2], np.bool_), place=place)


def _together(found: Sequence[Candidates]) -> Candidates:
    if not found:
        return Candidates(
            features=np.zeros((0, 1, len(FEATURES))), allowed=np.zeros((0, 1), np.bool_), place=np.zeros(0, np.int64)
        )
    return Candidates(
        features=np.concatenate([each.features for each in found]),
        allowed=np.concatenate([each.allowed for each in found]),
        place=np.concatenate([each.place for each in found]),
    )
