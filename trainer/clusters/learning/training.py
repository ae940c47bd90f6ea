"""Learns a projection of text vectors from kinds that are known, or from pairs of texts that belong together."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.clusters.learning.contrastive_loss import TEMPERATURE, contrastive_loss
from trainer.clusters.learning.projection import Projection, Vectors, principal_projection
from trainer.fitting.schedule import adamw, warm_up_and_decay

_DIMENSIONS = 64
_STEPS, _BATCH, _LEARNING_RATE = 300, 512, 3e-3
# Principal axes are found on so many vectors.
_SAMPLE = 4096
# Cosines of pairs are divided by more: two texts of a batch may be of one kind, and should not be pushed far apart.
_PAIRS_TEMPERATURE = 0.3

Labels = npt.NDArray[np.int32]
Batch = tuple[Vectors, Labels]
Pairs = tuple[Vectors, Vectors]


def learn_from_labels(vectors: Vectors, labels: Labels, seed: int) -> Projection:
    """Learns from the kinds of texts, on one level or several; see `contrastive_loss`.

    It takes 300 steps of 512 rows, however many rows there are.

    Args:
        vectors: float32 `(rows, dimensions)`, at least one.
        labels: int32 `(levels, rows)`, -1 for none.
        seed: Of the order of the rows. The same rows and seed give the same projection on the same machine.
    """
    random = np.random.default_rng(seed)

    def batches() -> Iterator[Batch]:
        size = min(_BATCH, len(vectors))
        while True:
            order = random.permutation(len(vectors))
            for start in range(0, len(order) - size + 1, size):
                rows = order[start : start + size]
                yield vectors[rows], labels[:, rows]

    return _fit(principal_projection(vectors, _DIMENSIONS, _SAMPLE, random), batches(), TEMPERATURE)


def learn_from_pairs(vectors: Vectors, sources: Sequence[Pairs], seed: int) -> Projection:
    """Learns from pairs of texts that belong together, as many of each source.

    Args:
        vectors: float32 `(rows, dimensions)`, of the catalogue: the projection begins with its principal axes.
        sources: Both sides of pairs, float32 `(pairs, dimensions)` each; one that is given several times counts so
            often.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)

    def batches() -> Iterator[Batch]:
        each = _BATCH // 2 // len(sources)
        labels = np.tile(np.arange(each * len(sources), dtype=np.int32), 2)[np.newaxis]
        while True:
            drawn = [random.integers(len(left), size=each) for left, _ in sources]
            sides = [
                np.concatenate([source[side][rows] for source, rows in zip(sources, drawn, strict=True)])
                for side in (0, 1)
            ]
            yield np.concatenate(sides), labels

    return _fit(principal_projection(vectors, _DIMENSIONS, _SAMPLE, random), batches(), _PAIRS_TEMPERATURE)


def _fit(start: Projection, batches: Iterator[Batch], temperature: float) -> Projection:
    matrix, offset = tf.Variable(start.matrix), tf.Variable(start.offset)
    optimizer = adamw(warm_up_and_decay(_LEARNING_RATE, _STEPS))
    optimizer.build([matrix, offset])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, len(start.matrix)], tf.float32),
            tf.TensorSpec([None, None], tf.int32),
        ]
    )
    def step(vectors: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            projected = tf.math.l2_normalize(tf.matmul(vectors, matrix) + offset, axis=1)
            loss = contrastive_loss(projected, labels, temperature)
        optimizer.apply(tape.gradient(loss, [matrix, offset]), [matrix, offset])

    for _ in range(_STEPS):
        step(*next(batches))
    return Projection(matrix.numpy(), offset.numpy())
