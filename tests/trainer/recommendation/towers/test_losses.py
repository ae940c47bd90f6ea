"""The in-batch softmax against the same sums in NumPy."""

import math

import numpy as np
import pytest

from trainer.recommendation.towers.losses import InBatchSoftmax


def softmax_loss_by_hand(queries, candidates, ids, probabilities, weights, temperature):
    """Sums the loss pair by pair."""
    total = 0.0
    for row, query in enumerate(queries):
        logits = []
        for column, candidate in enumerate(candidates):
            if column != row and ids[column] == ids[row]:
                continue
            logits.append(float(query @ candidate) / temperature - math.log(probabilities[column]))
        own = float(query @ candidates[row]) / temperature - math.log(probabilities[row])
        total += weights[row] * (math.log(sum(math.exp(logit) for logit in logits)) - own)
    return total / sum(weights)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
@pytest.mark.parametrize("negatives", [0, 3])
def test_loss_is_the_sum_by_hand(temperature: float, negatives: int) -> None:
    generator = np.random.default_rng(7)
    queries = generator.normal(size=(5, 4)).astype(np.float32)
    candidates = generator.normal(size=(5 + negatives, 4)).astype(np.float32)
    # Product 3 stands twice among the targets: an accidental hit of each other.
    ids = np.array([3, 1, 3, 2, 8, *range(20, 20 + negatives)], np.int32)
    probabilities = generator.uniform(0.01, 1.0, len(ids)).astype(np.float32)
    weights = np.array([1.0, 0.5, 0.0, 2.0, 1.0], np.float32)
    loss = InBatchSoftmax(temperature)(queries, candidates, ids, probabilities, weights)
    expected = softmax_loss_by_hand(queries, candidates, ids, probabilities, weights, temperature)
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_without_weight_the_loss_is_zero() -> None:
    ones = np.ones((2, 3), np.float32)
    loss = InBatchSoftmax(0.1)(ones, ones, np.arange(2), np.ones(2, np.float32), np.zeros(2, np.float32))
    assert float(loss) == 0.0


def test_log_q_correction_makes_popularity_free() -> None:
    """Scores that are log popularity times the temperature cost log n, whatever the popularity: nothing is learnt
    about a product from its being drawn often."""
    probabilities = np.array([0.9, 0.05, 0.3, 0.001], np.float32)
    temperature = 0.1
    queries = np.ones((4, 1), np.float32)
    candidates = (temperature * np.log(probabilities))[:, None].astype(np.float32)
    loss = InBatchSoftmax(temperature)(queries, candidates, np.arange(4), probabilities, np.ones(4, np.float32))
    assert float(loss) == pytest.approx(math.log(4), rel=1e-5)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="`temperature` should be above 0"):
        InBatchSoftmax(temperature)
