"""The contrastive loss against sums written out in NumPy."""

import math

import numpy as np
import pytest
import tensorflow as tf

from trainer.clusters.learning.contrastive_loss import contrastive_loss


def _by_hand(vectors, labels, temperature):
    levels = []
    for level in labels:
        losses = []
        for anchor in range(len(vectors)):
            others = [row for row in range(len(vectors)) if row != anchor]
            positives = [row for row in others if level[row] == level[anchor] != -1]
            if not positives:
                continue
            total = sum(math.exp(vectors[anchor] @ vectors[row] / temperature) for row in others)
            shares = [math.exp(vectors[anchor] @ vectors[row] / temperature) / total for row in positives]
            losses.append(-sum(math.log(share) for share in shares) / len(shares))
        levels.append(sum(losses) / len(losses) if losses else 0.0)
    return sum(levels) / len(levels)


def _unit_vectors(rows, seed):
    vectors = np.random.default_rng(seed).normal(size=(rows, 5))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.1, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_loss_is_what_its_paper_writes(seed, temperature):
    vectors = _unit_vectors(12, seed)
    labels = np.random.default_rng(seed).integers(-1, 4, size=(2, 12)).astype(np.int32)
    found = contrastive_loss(tf.constant(vectors), tf.constant(labels), temperature)
    assert float(found) == pytest.approx(_by_hand(vectors.astype(float), labels, temperature), rel=1e-4)


def test_with_two_rows_a_label_it_is_the_cross_entropy_of_finding_the_other_one():
    vectors = _unit_vectors(8, 0)
    logits = vectors @ vectors.T / 0.1
    np.fill_diagonal(logits, -1e9)
    other = np.roll(np.arange(8), 4)
    expected = tf.nn.sparse_softmax_cross_entropy_with_logits(other, logits.astype(np.float32)).numpy().mean()
    labels = np.tile(np.arange(4, dtype=np.int32), 2)[np.newaxis]
    assert float(contrastive_loss(tf.constant(vectors), tf.constant(labels))) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("labels", [[-1, -1, -1], [0, 1, 2]])
def test_without_two_of_a_label_there_is_nothing_to_learn(labels):
    vectors = tf.Variable(_unit_vectors(3, 0))
    with tf.GradientTape() as tape:
        loss = contrastive_loss(tf.convert_to_tensor(vectors), tf.constant([labels], tf.int32))
    assert float(loss) == 0.0
    np.testing.assert_array_equal(tape.gradient(loss, vectors), np.zeros((3, 5)))
