"""The Keras model that trains a dual encoder on pairs of a question and its answer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import unsharded
from trainer.fitting.fit import EpochValidation
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.metrics.ranking import highest
from trainer.support.options import PairTrainingOptions
from trainer.support.pair_head import PairHead
from trainer.text.backbone import TextEncoder, encode_token_ids, tokenize
from trainer.text.token_table import TokenTable

MONITORED = "mrr"
_QUESTIONS_AT_ONCE = 256
Vectors = npt.NDArray[np.float32]


class Side:
    """The questions, or the answers, of a training.

    Args:
        encoder: What encodes them.
        head: What is learned on its vectors; None where the encoder itself is trained.
        texts: The texts.
        batch_size: Texts encoded at once.
        answers: Whether they are the answers.
    """

    def __init__(
        self, encoder: TextEncoder, head: PairHead | None, texts: Sequence[str], batch_size: int, *, answers: bool
    ) -> None:
        self._encoder, self._head, self._batch_size, self._answers = encoder, head, batch_size, answers
        self._token_ids = tokenize(encoder, texts)
        self._tokens = TokenTable(self._token_ids, encoder)
        self.encoded = tf.constant(encode_token_ids(encoder, self._token_ids, batch_size)) if head is not None else None

    def embed(self, rows: Any, training: bool) -> Any:
        """Returns the vectors of some rows as they are compared, float32 `(rows, dimensions)` of length 1."""
        if self._head is None:
            return self._encoder.encode_tokens(self._tokens.take(rows), training=training)
        return self._head(tf.gather(self.encoded, rows), answers=self._answers, training=training)

    def vectors(self) -> Vectors:
        """Returns all vectors as they are compared now."""
        if self._head is None or self.encoded is None:
            return encode_token_ids(self._encoder, self._token_ids, self._batch_size)
        found: Vectors = self._head(self.encoded, answers=self._answers).numpy()
        return found


class PairModel(SoftmaxModel):
    """The dual encoder and its loss.

    The loss is a softmax in both directions over the pairs of a batch (Henderson et al., "Efficient natural language
    response suggestion for Smart Reply", 2017): each question is to find its answer among the answers of the batch and
    the hard negatives, each answer its question among the questions. A pair with the same answer or the same question
    is left out of the sum.

    Args:
        encoder: BERT.
        head: What is learned on top of it; None where BERT is trained.
        questions: The questions.
        answers: The answers.
        temperature: Divides the cosines.
    """

    def __init__(
        self, encoder: TextEncoder, head: PairHead | None, questions: Side, answers: Side, temperature: float
    ) -> None:
        super().__init__(name="support")
        self.text_encoder, self.head = encoder, head
        # Behind functions Keras does not track them.
        self._sides: Callable[[], tuple[Side, Side]] = lambda: (questions, answers)
        self._temperature = temperature

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what the pairs of a batch have lost."""
        asked, answered = self._sides()
        question, answer, negatives = batch["question"], batch["answer"], tf.reshape(batch["negatives"], [-1])
        questions = asked.embed(question, training)
        answers = answered.embed(tf.concat([answer, negatives], axis=0), training)
        scores = tf.cast(tf.matmul(questions, answers, transpose_b=True), tf.float32) / self._temperature
        rows = tf.range(tf.shape(question)[0])
        columns = tf.concat([answer, negatives], axis=0)
        equal = answer[:, tf.newaxis] == columns[tf.newaxis]
        equal |= tf.pad(question[:, tf.newaxis] == question[tf.newaxis], [[0, 0], [0, tf.shape(negatives)[0]]])
        own = rows[:, tf.newaxis] == tf.range(tf.shape(columns)[0])[tf.newaxis]
        scores = tf.where(equal & ~own, -1.0e9, scores)
        back = tf.transpose(scores[:, : tf.shape(question)[0]])
        losses = [tf.nn.sparse_softmax_cross_entropy_with_logits(rows, each) for each in (scores, back)]
        return weighted_losses(losses[0] + losses[1], tf.ones_like(losses[0]))


class PairBatches:
    """Pairs in batches, in another order each epoch, with hard negatives that were mined.

    Args:
        questions: int32 `(pairs,)` rows of questions.
        answers: int32 `(pairs,)` rows of answers.
        options: Sizes.
        seed: Of order and negatives.
    """

    def __init__(
        self,
        questions: npt.NDArray[np.int32],
        answers: npt.NDArray[np.int32],
        options: PairTrainingOptions,
        seed: int,
    ) -> None:
        self._questions, self._answers, self._options, self._seed = questions, answers, options, seed
        self.steps = -(-len(questions) // options.batch_size)
        self._near = np.repeat(answers[:, np.newaxis], max(1, options.hard_negatives), axis=1)

    def mine(self, questions: Vectors, answers: Vectors) -> None:
        """Notes the answers that are near each question and not its own, from vectors as they are now."""
        if not self._options.hard_negatives:
            return
        most = min(self._options.mined_to + 1, len(answers))
        near = np.empty((len(self._questions), most), np.int32)
        for start in range(0, len(near), _QUESTIONS_AT_ONCE):
            rows = self._questions[start : start + _QUESTIONS_AT_ONCE]
            near[start : start + len(rows)] = highest(questions[rows] @ answers.T, most)
        own: dict[int, set[int]] = {}
        for question, answer in zip(self._questions.tolist(), self._answers.tolist(), strict=True):
            own.setdefault(question, set()).add(answer)
        kept = [
            [answer for answer in row if answer not in own[question]] or [own_answer]
            for question, own_answer, row in zip(
                self._questions.tolist(), self._answers.tolist(), near.tolist(), strict=True
            )
        ]
        shortest = min(map(len, kept))
        self._near = np.array([row[:shortest] for row in kept], np.int32)

    def epoch(self, epoch: int, first: int) -> tf.data.Dataset:
        """Returns the batches of an epoch, without so many first ones."""
        random = np.random.default_rng([self._seed, epoch])
        order = random.permutation(len(self._questions))[first * self._options.batch_size :]
        chosen = random.integers(self._near.shape[1], size=(len(order), self._options.hard_negatives))
        negatives = np.take_along_axis(self._near[order], chosen, axis=1).astype(np.int32)
        batch = {"question": self._questions[order], "answer": self._answers[order], "negatives": negatives}
        return unsharded(tf.data.Dataset.from_tensor_slices(batch).batch(self._options.batch_size))


class PairValidation(EpochValidation):
    """After each epoch: the reciprocal rank `mrr` and the `accuracy` of the first answer, over the eval questions.

    Args:
        sides: Training questions and answers.
        asked: The eval questions.
        expected: int32 `(questions,)`, the answer of each.
        batches: Whose negatives are mined.
    """

    def __init__(
        self, sides: tuple[Side, Side], asked: Side, expected: npt.NDArray[np.int32], batches: PairBatches
    ) -> None:
        self._sides, self._asked, self._expected, self._batches = sides, asked, expected, batches

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        answers = self._sides[1].vectors()
        if not last:
            self._batches.mine(self._sides[0].vectors(), answers)
        return self.judged(answers)

    def judged(self, answers: Vectors) -> dict[str, float]:
        """Returns the metrics with these vectors of the answers."""
        ranks = answer_ranks(self._asked.vectors(), answers, self._expected)
        return {MONITORED: float(np.mean(1.0 / ranks)), "accuracy": float(np.mean(ranks == 1))}


def answer_ranks(questions: Vectors, answers: Vectors, expected: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Returns the rank of each question's answer by the product of their vectors, int64 `(questions,)` from 1."""
    ranks = []
    for start in range(0, len(questions), _QUESTIONS_AT_ONCE):
        scores = questions[start : start + _QUESTIONS_AT_ONCE] @ answers.T
        own = np.take_along_axis(scores, expected[start : start + len(scores), np.newaxis].astype(np.int64), axis=1)
        ranks.append(1 + (scores > own).sum(axis=1))
    return np.concatenate(ranks) if ranks else np.zeros(0, np.int64)
