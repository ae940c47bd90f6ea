"""How well answers fit a question: meaning, words, known questions and intents, by one score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import index_words, joined_pairs, plain_words, singular_words
from serving.index.lexical import LexicalIndex, Postings

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]

# What a score is made of; each has a weight, none below 0.
TEXT, PIECES, NAME, COMMON = "text", "pieces", "intent_name", "uncommon"
NEAREST, MEAN = "nearest_question", "mean_question"
WORDS, QUESTION_WORDS, INTENT = "words", "question_words", "intent"
FEATURES = (TEXT, PIECES, NAME, COMMON, NEAREST, MEAN, WORDS, QUESTION_WORDS, INTENT)
# Those that need words in common, and those that need known questions of an answer.
LEXICAL = (WORDS, QUESTION_WORDS)
OF_QUESTIONS = (NEAREST, MEAN, QUESTION_WORDS)
# A log probability is cut here, and divided by this, so that it lies between -1 and 0.
_LEAST_LOG = 10.0


@dataclass(frozen=True, kw_only=True)
class AnswerVectors:
    """What is known of the answers, as vectors of length 1.

    Attributes:
        texts: float32 `(answers, dimensions)`, on the answers' side.
        pieces: float32 `(pieces, dimensions)`: the sentences of each answer, at least one, on the answers' side.
        piece_answer: int32 `(pieces,)`, the answer of each.
        names: float32 `(intents, dimensions)`: the intents' names, on the answers' side.
        intent: int32 `(answers,)`: the intent of each; -1 for none.
        questions: float32 `(questions, dimensions)`: known questions, as the encoder has them.
        question_answer: int32 `(questions,)`, the answer of each.
        common: float32 `(answers,)`: how near each is to many questions, whatever they ask.
    """

    texts: Vectors
    pieces: Vectors
    piece_answer: Rows
    names: Vectors
    intent: Rows
    questions: Vectors
    question_answer: Rows
    common: Vectors


class Asked(NamedTuple):
    """Questions as the scorer reads them.

    Attributes:
        encoded: float32 `(batch, dimensions)` of length 1: what the encoder says.
        vectors: float32 `(batch, dimensions)` of length 1: the same on the questions' side.
        words: float32 `(batch, answers + questions)`: scores by words.
        has_words: bool `(batch,)`: whether any answer or known question has a word of it.
        left_out: int32 `(batch,)`: a known question that is not to count; -1 for none.
    """

    encoded: tf.Tensor
    vectors: tf.Tensor
    words: tf.Tensor
    has_words: tf.Tensor
    left_out: tf.Tensor


class AnswerScorer(tf.Module):
    """Scores every answer for each question; the same graph learns the weights and serves.

    A score is the sum of `FEATURES` by their weights, which a softmax over the answers has made probabilities:

    - `text`, `pieces`, `intent_name`: cosine of the question with the answer's text, with its nearest sentence, with
      the name of its intent (with the text, where it has none);
    - `uncommon`: less for an answer that is near to any question, whatever it asks, as "yes, it does" is (after Conneau
      et al., "Word translation without parallel data", ICLR 2018);
    - `nearest_question`, `mean_question`: cosine with the nearest known question of the answer, and with the mean of
      all of them; where it has none, what other answers have on average;
    - `words`, `question_words`: score by words of the text and of its best known question, as a share of the best
      answer's;
    - `intent`: log probability of its intent by the intents' head, between -1 and 0; where it has none, that of an
      intent among others as probable.

    Memory of a batch grows with its rows times the answers, their sentences and known questions.

    Args:
        vectors: The answers.
        postings: Words of the answers' texts, and after them of the known questions.
        question_side: float32 `(dimensions, dimensions)` of a change `v + v W` on the questions' side; None for none.
        intent_weights: float32 `(dimensions, intents)` of the head; None where there are fewer than two intents.
        intent_bias: float32 `(intents,)`.
        weights: float32 of each feature.
    """

    def __init__(
        self,
        vectors: AnswerVectors,
        postings: Postings,
        *,
        question_side: Vectors | None,
        intent_weights: Vectors | None,
        intent_bias: Vectors | None,
        weights: Mapping[str, float],
    ) -> None:
        super().__init__(name="answer_scorer")
        self.answers, self.questions, self.intents = len(vectors.texts), len(vectors.questions), len(vectors.names)
        self._texts = _variable(vectors.texts.T, "texts")
        self._pieces = _variable(vectors.pieces.T, "pieces")
        self._piece_answer = _variable(vectors.piece_answer, "piece_answer")
        self._intent = _variable(vectors.intent, "intent")
        self._common = _variable(vectors.common, "common")
        dimensions = vectors.texts.shape[1]
        # A row more than there are, so that a product of matrices never is one of none.
        self._names = _variable(_with_blank(vectors.names).T, "names")
        self._questions = _variable(_with_blank(vectors.questions).T, "questions")
        self._question_answer = _variable(
            np.append(vectors.question_answer, np.int32(self.answers)).astype(np.int32), "question_answer"
        )
        counts = np.bincount(vectors.question_answer, minlength=self.answers).astype(np.float32)
        sums = np.zeros((self.answers, dimensions), np.float32)
        np.add.at(sums, vectors.question_answer, vectors.questions)
        self._sums, self._counts = _variable(sums.T, "question_sums"), _variable(counts, "question_counts")
        self.lexical = LexicalIndex(postings)
        self._side = None if question_side is None else _variable(question_side, "question_side")
        self._head = None
        if intent_weights is not None and intent_bias is not None:
            self._head = _variable(intent_weights, "intent_weights"), _variable(intent_bias, "intent_bias")
        self.weights = {name: float(weights[name]) for name in FEATURES}

    def read(self, question: tf.Tensor, encoded: tf.Tensor, left_out: tf.Tensor | None = None) -> Asked:
        """Reads questions.

        Args:
            question: string `(batch,)`.
            encoded: float32 `(batch, dimensions)`, the encoder's vectors.
            left_out: int32 `(batch,)` known questions that are not to count, such as the question itself; -1 for none.
        """
        plain = plain_words(question)
        words = self.lexical.ask(index_words(plain), joined_pairs(singular_words(plain)))
        return Asked(
            encoded,
            self.on_question_side(encoded),
            self.lexical.scores(words),
            self.lexical.knows(words),
            tf.fill([tf.shape(question)[0]], -1) if left_out is None else left_out,
        )

    def on_question_side(self, encoded: tf.Tensor) -> tf.Tensor:
        """Returns the encoder's vectors as they are compared with answers."""
        if self._side is None:
            return encoded
        return tf.math.l2_normalize(encoded + tf.matmul(encoded, self._side), axis=1)

    def intent_logits(self, encoded: tf.Tensor) -> tf.Tensor | None:
        """Returns what the head says of each intent, float32 `(batch, intents)`; None without a head."""
        return None if self._head is None else tf.matmul(encoded, self._head[0]) + self._head[1]

    def features(self, asked: Asked, intent_logits: tf.Tensor | None) -> dict[str, tf.Tensor]:
        """Returns each feature of each answer, float32 `(batch, answers)`."""
        text = tf.matmul(asked.vectors, self._texts)
        pieces = self._best_of(tf.matmul(asked.vectors, self._pieces), self._piece_answer)
        has_intent = (self._intent >= 0)[tf.newaxis]
        names = tf.gather(tf.matmul(asked.vectors, self._names), tf.maximum(self._intent, 0), axis=1)
        return {
            TEXT: text,
            PIECES: pieces,
            NAME: tf.where(has_intent, names, text),
            COMMON: tf.zeros_like(text) - self._common,
            WORDS: _share_of_best(asked.words[:, : self.answers]),
            INTENT: self._intent_feature(intent_logits, text, has_intent),
            **self._question_features(asked),
        }

    def scores(self, features: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns the sum of features by their weights, float32 of the features' shape."""
        return tf.add_n([self.weights[name] * features[name] for name in FEATURES if self.weights[name]])

    def _question_features(self, asked: Asked) -> dict[str, tf.Tensor]:
        places = tf.range(self.questions + 1)[tf.newaxis]
        left_out = places == asked.left_out[:, tf.newaxis]
        similar = tf.where(left_out, -1.0, tf.matmul(asked.encoded, self._questions))
        # One question less where the question itself is among them.
        own = tf.one_hot(tf.gather(self._question_answer, tf.maximum(asked.left_out, 0)), self.answers)
        own = tf.where((asked.left_out >= 0)[:, tf.newaxis], own, 0.0)
        counts = self._counts - own
        known = counts > 0.5
        means = tf.math.divide_no_nan(tf.matmul(asked.encoded, self._sums) - own, counts)
        words = asked.words[:, self.answers :]
        words = tf.where(left_out[:, : self.questions], 0.0, words)
        by_words = self._best_of(words, self._question_answer[:-1]) if self.questions else tf.zeros_like(means)
        return {
            NEAREST: _or_mean(self._best_of(similar, self._question_answer), known),
            MEAN: _or_mean(means, known),
            QUESTION_WORDS: _share_of_best(tf.where(known, by_words, 0.0)),
        }

    def _intent_feature(self, logits: tf.Tensor | None, text: tf.Tensor, has_intent: tf.Tensor) -> tf.Tensor:
        if logits is None:
            return tf.zeros_like(text)
        log = tf.maximum(tf.nn.log_softmax(logits), -_LEAST_LOG) / _LEAST_LOG
        even = -min(float(np.log(self.intents)), _LEAST_LOG) / _LEAST_LOG
        return tf.where(has_intent, tf.gather(log, tf.maximum(self._intent, 0), axis=1), even)

    def _best_of(self, values: tf.Tensor, owner: tf.Tensor) -> tf.Tensor:
        """Returns the greatest value of each answer, float32 `(batch, answers)`; far below 0 where it has none."""
        best = tf.math.unsorted_segment_max(tf.transpose(values), owner, self.answers + 1)
        return tf.transpose(best[: self.answers])


def _or_mean(values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Returns values `(batch, width)`, and each row's mean where none is known; 0 where none is of the row."""
    there = tf.cast(known, tf.float32)
    total = tf.reduce_sum(tf.where(known, values, 0.0), axis=1, keepdims=True)
    return tf.where(known, values, tf.math.divide_no_nan(total, tf.reduce_sum(there, axis=1, keepdims=True)))


def _share_of_best(scores: tf.Tensor) -> tf.Tensor:
    """Returns scores `(batch, width)` as shares of each row's best; 0 where all are 0."""
    return tf.math.divide_no_nan(scores, tf.reduce_max(scores, axis=1, keepdims=True))


def _with_blank(vectors: Vectors) -> Vectors:
    return np.concatenate([vectors, np.zeros((1, vectors.shape[1]), np.float32)])


def _variable(values: Any, name: str) -> tf.Variable:
    return tf.Variable(np.ascontiguousarray(values), trainable=False, name=name)
