"""The loss of uplift in plain NumPy, and the score that it regresses on: unbiased whatever the other head expects."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.response.uplift.campaigns import campaign
from trainer.response.uplift.loss import contrast_scale, contrasts, uplift_loss
from trainer.response.uplift.treatments import Treatments


def test_contrasts_by_hand():
    treatments = Treatments(
        names=("control", "a", "b"),
        arm=np.array([0, 1, 2], np.int32),
        propensity=np.array([0.5, 0.25, 0.2], np.float32),
    )
    weights = contrasts(treatments)
    np.testing.assert_allclose(weights, [[-2.0, -2.0], [4.0, 0.0], [0.0, 5.0]])
    assert contrast_scale(weights) == pytest.approx(6.0 / (4 + 4 + 16 + 25))


@pytest.mark.parametrize("expected", [0.0, 0.4])
def test_the_score_is_unbiased(expected):
    table, treatments, added = campaign(200_000, 0, effects=(0.3, 0.1), chances=(0.5, 0.3, 0.2))
    score = contrasts(treatments) * (table.outcomes - expected)
    assert score.mean(axis=0) == pytest.approx(added.mean(axis=0), abs=0.02)
    table, treatments, added = campaign(200_000, 1, by_spend=True)
    score = contrasts(treatments) * (table.outcomes - expected)
    assert score.mean(axis=0) == pytest.approx(added.mean(axis=0), abs=0.03)


def test_loss_equals_numpy():
    generator = np.random.default_rng(0)
    outcome = np.array([1.0, 0.0, 1.0], np.float32)
    outputs, weights = (
        generator.normal(size=(3, 2, 3)).astype(np.float32),
        generator.normal(size=(3, 2)).astype(np.float32),
    )
    found = uplift_loss(tf.constant(outcome), tf.constant(outputs), tf.constant(weights), 0.3).numpy()
    for row in range(3):
        for network in range(2):
            chance = 1.0 / (1.0 + np.exp(-outputs[row, network, 0]))
            entropy = -np.log(chance if outcome[row] else 1.0 - chance)
            squares = sum(
                (weights[row, place] * (outcome[row] - chance) - 0.1 * outputs[row, network, 1 + place]) ** 2
                for place in range(2)
            )
            assert found[row, network] == pytest.approx(entropy + 0.3 * squares, rel=1e-5)
