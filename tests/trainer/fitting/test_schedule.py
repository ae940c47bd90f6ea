"""The schedule and AdamW, against a schedule and updates worked out by hand."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.fitting.schedule import adamw, warm_up_and_decay


def rate_by_hand(update: int, peak: float, updates: int, warm_up: int) -> float:
    """A straight line from 0, then half a cosine down to a fiftieth of the peak."""
    if update < warm_up:
        return peak * update / warm_up
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, (update - warm_up) / (updates - warm_up))))
    return peak * (0.98 * cosine + 0.02)


@pytest.mark.parametrize(("updates", "warm_up", "expected"), [(40, None, 4), (40, 7, 7), (40, 0, 0), (3, None, 1)])
def test_the_rate_rises_and_decays(updates: int, warm_up: int | None, expected: int) -> None:
    schedule = warm_up_and_decay(0.3, updates, warm_up)
    found = [float(schedule(update)) for update in range(updates + 3)]
    assert found == pytest.approx([rate_by_hand(update, 0.3, updates, expected) for update in range(updates + 3)])


def after(optimizer: Any, gradients: list[list[float]], value: list[float]) -> np.ndarray:
    """A weight after some updates."""
    weight = keras.Variable(value, name="kernel")
    optimizer.build([weight])
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [weight])
    return weight.numpy()


def by_hand(gradients: list[np.ndarray], value: list[float], rate: float, decay: float) -> np.ndarray:
    """Adam with decay that is not part of the gradient."""
    weight, mean, square = np.array(value), np.zeros(2), np.zeros(2)
    for step, gradient in enumerate(gradients, start=1):
        weight = weight - rate * decay * weight
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        unbiased = np.sqrt(square / (1.0 - 0.999**step))
        weight = weight - rate * mean / (1.0 - 0.9**step) / (unbiased + 1e-7)
    return weight


GRADIENTS = [[3.0, 4.0], [-0.6, 0.8], [0.0, 2.0]]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_shrink_beside_the_update(decay: float) -> None:
    found = after(adamw(0.05, weight_decay=decay), GRADIENTS, [1.0, -2.0])
    assert found == pytest.approx(by_hand([np.array(each) for each in GRADIENTS], [1.0, -2.0], 0.05, decay), rel=1e-4)


def test_gradients_are_cut_to_a_norm() -> None:
    cut = [np.array(each) / max(1.0, float(np.linalg.norm(each))) for each in GRADIENTS]
    found = after(adamw(0.05, clip_norm=1.0), GRADIENTS, [1.0, -2.0])
    assert found == pytest.approx(by_hand(cut, [1.0, -2.0], 0.05, 0.0), rel=1e-4)


def test_batches_are_averaged_into_one_update() -> None:
    pairs = [GRADIENTS[0], GRADIENTS[1]]
    found = after(adamw(0.05, accumulated_batches=2), pairs, [1.0, -2.0])
    assert found == pytest.approx(by_hand([np.mean(pairs, axis=0)], [1.0, -2.0], 0.05, 0.0), rel=1e-4)


def test_some_weights_do_not_shrink() -> None:
    weights = [keras.Variable([4.0], name=name) for name in ("kernel", "bias")]
    optimizer = adamw(0.05, weight_decay=0.1, not_decayed=("bias",))
    optimizer.build(weights)
    optimizer.apply([tf.zeros([1]), tf.zeros([1])], weights)
    assert [float(weight.numpy()[0]) for weight in weights] == pytest.approx([4.0 * (1.0 - 0.05 * 0.1), 4.0])
