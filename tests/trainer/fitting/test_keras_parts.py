"""The private names of Keras are there and mean what we take them for; one that is gone is said in words."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.fitting.keras_parts import SummedBefore, adam_moments, nested_layers


def test_layers_are_found_at_any_depth() -> None:
    inner = keras.Sequential([keras.layers.Dense(2, name="a"), keras.layers.Dropout(0.1, name="b")], name="inner")
    outer = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1, name="c")], name="outer")
    assert {layer.name for layer in nested_layers(outer)} >= {"inner", "a", "b", "c"}
    assert outer not in nested_layers(outer)


def test_the_moments_are_the_means_of_gradients_and_their_squares() -> None:
    optimizer = keras.optimizers.AdamW(0.1, beta_1=0.9, beta_2=0.99)
    others, weights = keras.Variable([0.0, 0.0]), keras.Variable([1.0, 2.0])
    optimizer.build([others, weights])
    gradients = [np.array([3.0, -4.0]), np.array([1.0, 2.0])]
    mean = square = np.zeros(2)
    for gradient in gradients:
        optimizer.apply([tf.zeros(2), tf.constant(gradient, tf.float32)], [others, weights])
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
    momentum, velocity = adam_moments(optimizer, weights.value)
    np.testing.assert_allclose(momentum.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(velocity.numpy(), square, rtol=1e-5)


@pytest.mark.parametrize(
    ("used", "name"),
    [
        (lambda: nested_layers(object()), "_flatten_layers"),
        (lambda: adam_moments(object(), None), "_get_variable_index"),
        (lambda: adam_moments(type("Optimizer", (), {"_get_variable_index": id})(), object), "_momentums"),
    ],
)
def test_a_name_that_is_gone_is_said_in_words(used: Any, name: str) -> None:
    message = rf"`{name}`, which trainer\.fitting\.keras_parts uses\. keras [0-9.]+ has none: install"
    with pytest.raises(RuntimeError, match=message):
        used()


def test_an_optimizer_that_keras_would_not_ask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SummedBefore(0.1).iterations == 0
    owner = next(base for base in keras.optimizers.AdamW.__mro__ if "_all_reduce_sum_gradients" in vars(base))
    monkeypatch.delattr(owner, "_all_reduce_sum_gradients")
    with pytest.raises(RuntimeError, match="`AdamW` should have the private name `_all_reduce_sum_gradients`"):
        SummedBefore(0.1)
