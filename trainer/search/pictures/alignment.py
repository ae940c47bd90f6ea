"""A head that tells what a text with a picture would mean, learned from the shop's own pairs of both."""

from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

Matrix = npt.NDArray[np.float32]

_TEMPERATURE = 0.05
_BATCH, _EPOCHS, _PATIENCE = 256, 40, 4
_LEARNING_RATE = 2e-3
# Of the start, by ridge regression; looks have length 1.
_RIDGE = 1.0
_VALIDATED = 0.1
_K = 10
# Pairs to learn from at the most.
MOST_PAIRS = 50_000
_RANKED_AT_MOST = 2_000


class Alignment(NamedTuple):
    """A head and how well it finds.

    Attributes:
        head: float32 `(looks, text dimensions)`.
        recall_at_10: Share of the held-out pictures whose own text is among the ten nearest of the held-out texts; None
            where there are too few pairs to hold any out.
        chance: What a head that knows nothing would have.
        start_recall_at_10: What ridge regression alone has.
        held_out: Rows of the pairs that were held out; none where there are too few.
    """

    head: Matrix
    recall_at_10: float | None
    chance: float | None
    start_recall_at_10: float | None
    held_out: npt.NDArray[np.int64]

    def meanings(self, looks: Matrix) -> Matrix:
        """Returns what pictures mean, float32 `(n, text dimensions)` of length 1."""
        return meanings_of(looks, self.head)


def meanings_of(looks: Matrix, head: Matrix) -> Matrix:
    """Returns what pictures mean, float32 `(n, text dimensions)` of length 1, or 0 where looks are 0."""
    meant: Matrix = looks @ head
    return meant / np.maximum(np.linalg.norm(meant, axis=1, keepdims=True), 1e-12)


def align(looks: Matrix, texts: Matrix, seed: int) -> Alignment:
    """Learns the head.

    It starts with the ridge regression of texts on looks. Then each picture is to tell its own text from the others of
    a batch, and each text its picture (the symmetric softmax of Radford et al., "Learning transferable visual models
    from natural language supervision", ICML 2021). A tenth of the pairs is held out: the best epoch on them counts,
    the start included.

    Args:
        looks: float32 `(pairs, looks)` of length 1.
        texts: float32 `(pairs, dimensions)`, the vectors of their texts.
        seed: Of the order, and of what is held out.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(looks))[:MOST_PAIRS]
    texts = texts / np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-12)
    held_out = order[: min(int(len(order) * _VALIDATED), _RANKED_AT_MOST)]
    if len(held_out) <= _K:
        return Alignment(_ridge(looks[order], texts[order]), None, None, None, held_out[:0])
    learned = order[len(held_out) :]
    start = _ridge(looks[learned], texts[learned])
    head = tf.Variable(start)
    optimizer = keras.optimizers.Adam(_LEARNING_RATE)
    step = _training_step(head, optimizer)
    best = start_recall = _recall(start, looks[held_out], texts[held_out])
    kept, since = start, 0
    for _ in range(_EPOCHS):
        generator.shuffle(learned)
        for first in range(0, len(learned), _BATCH):
            rows = learned[first : first + _BATCH]
            step(tf.constant(looks[rows]), tf.constant(texts[rows]))
        recall = _recall(head.numpy(), looks[held_out], texts[held_out])
        since += 1
        if recall > best:
            best, kept, since = recall, head.numpy(), 0
        if since >= _PATIENCE:
            break
    return Alignment(kept, best, _K / len(held_out), start_recall, held_out)


def _ridge(looks: Matrix, texts: Matrix) -> Matrix:
    gram = looks.T @ looks + _RIDGE * np.eye(looks.shape[1], dtype=np.float32)
    head: Matrix = np.linalg.solve(gram, looks.T @ texts).astype(np.float32)
    return head


def _training_step(
    head: tf.Variable, optimizer: keras.optimizers.Optimizer
) -> tf.types.experimental.PolymorphicFunction:
    @tf.function(reduce_retracing=True, autograph=False)
    def step(looks: tf.Tensor, texts: tf.Tensor) -> None:
        same = tf.linalg.matmul(texts, texts, transpose_b=True) > 1.0 - 1e-4
        own = tf.eye(tf.shape(looks)[0], dtype=tf.bool)
        with tf.GradientTape() as tape:
            meant = tf.math.l2_normalize(looks @ head, axis=1)
            scores = tf.matmul(meant, texts, transpose_b=True) / _TEMPERATURE
            # Another product of the same text is no wrong answer.
            scores = tf.where(same & ~own, -1e9, scores)
            labels = tf.range(tf.shape(looks)[0])
            loss = sum(
                tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
                for logits in (scores, tf.transpose(scores))
            )
        optimizer.apply_gradients([(tape.gradient(loss, head), head)])

    return step


def _recall(head: Matrix, looks: Matrix, texts: Matrix) -> float:
    """Returns the share of pictures whose own text, or one like it, is among the ten nearest."""
    scores = looks @ head @ texts.T
    own = np.take_along_axis(scores, np.arange(len(looks))[:, np.newaxis], axis=1)
    return float(((scores > own + 1e-6).sum(axis=1) < _K).mean())
