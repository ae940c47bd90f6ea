"""A model is asked by its signature `evaluate`."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.labels.label_signatures import EvaluateSignature


class Lengths(tf.Module):
    """Answers how long texts are, and the rest to ten."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def evaluate(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        share = tf.cast(tf.strings.length(text), tf.float32) / 10.0
        return {"probabilities": tf.stack([share, 1.0 - share], axis=1)}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder, module = str(tmp_path_factory.mktemp("model")), Lengths()
    tf.saved_model.save(module, folder, signatures={"evaluate": module.evaluate, "other": module.evaluate})
    return folder


def test_probabilities_come_as_the_model_orders_them(path: str) -> None:
    found = EvaluateSignature(path, ["long", "short"]).ask(text=tf.constant(["abc", ""]))
    np.testing.assert_allclose(found, [[0.3, 0.7], [0.0, 1.0]])


def test_another_number_of_labels_is_told(path: str) -> None:
    with pytest.raises(ValueError, match=r"`evaluate` with 3 probabilities a row, .* got the shape \(1, 2\)"):
        EvaluateSignature(path, ["a", "b", "c"]).ask(text=tf.constant(["a"]))


def test_a_model_without_the_signature_is_told(tmp_path: Path) -> None:
    module = Lengths()
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.evaluate})
    with pytest.raises(ValueError, match="should answer `evaluate` with probabilities"):
        EvaluateSignature(str(tmp_path), ["a", "b"])
