"""The blockwise sum over products, and its gradient, against SciPy and TensorFlow's own gradient of the plain sum."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from trainer.recommendation.towers import log_sum_exp
from trainer.recommendation.towers.log_sum_exp import weighted_log_sum_exp

QUERIES, ITEMS, DIMENSIONS = 7, 11, 4


@pytest.mark.parametrize("scores_at_once", [1, 3 * ITEMS, 2**24])
@pytest.mark.parametrize("with_offsets", [False, True])
@pytest.mark.parametrize("spread", [0.1, 30.0])
def test_sum_and_gradient_are_those_of_the_plain_sum(
    scores_at_once: int, with_offsets: bool, spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_sum_exp, "_SCORES_AT_ONCE", scores_at_once)
    generator = np.random.default_rng(7)
    queries = tf.constant(generator.normal(scale=spread, size=(QUERIES, DIMENSIONS)).astype(np.float32))
    items = tf.constant(generator.normal(size=(ITEMS, DIMENSIONS)).astype(np.float32))
    weights = generator.uniform(0.0, 2.0, QUERIES).astype(np.float32)
    offsets = generator.normal(size=ITEMS).astype(np.float32) if with_offsets else None
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([queries, items])
        found = 3.0 * weighted_log_sum_exp(queries, items, weights, offsets)
        scores = tf.matmul(queries, items, transpose_b=True) + (0.0 if offsets is None else offsets)
        plain = 3.0 * tf.reduce_sum(weights * tf.reduce_logsumexp(scores, axis=1))
    by_scipy = np.asarray(queries) @ np.asarray(items).T + (0.0 if offsets is None else offsets)
    assert float(found) == pytest.approx(3.0 * float(weights @ logsumexp(by_scipy, axis=1)), rel=1e-5)
    for variable in (queries, items):
        np.testing.assert_allclose(
            tape.gradient(found, variable), tape.gradient(plain, variable), rtol=1e-4, atol=1e-5 * spread
        )


def test_without_queries_the_sum_is_zero() -> None:
    items = tf.ones([ITEMS, DIMENSIONS])
    with tf.GradientTape() as tape:
        tape.watch(items)
        total = weighted_log_sum_exp(tf.zeros([0, DIMENSIONS]), items, tf.zeros([0]))
    assert float(total) == 0.0
    assert not np.asarray(tape.gradient(total, items)).any()
