"""The training step that models with a loss of their own share."""

from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf


class SoftmaxModel(keras.Model):
    """A model that is trained on batches as they come; what is saved is its parts, never this model.

    Args:
        replicas: Replicas that a batch is divided over.
        name: Name of the model.
    """

    def __init__(self, replicas: int, name: str) -> None:
        super().__init__(name=name)
        self._replicas = replicas
        self._loss_mean = keras.metrics.Mean(name="loss")
        # There is no `call`, so Keras is told that nothing is left to build.
        self.built = True

    @abstractmethod
    def softmax_loss(self, batch: dict[str, Any], training: bool) -> Any:
        """Returns the loss of a batch, a float32 scalar."""

    @property
    def metrics(self) -> list[Any]:
        return [self._loss_mean]

    def train_step(self, data: Any) -> dict[str, Any]:
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss = self.softmax_loss(batch, training=True)
            scaled = self.optimizer.scale_loss(loss / self._replicas)
        variables = self.trainable_variables
        gradients = tape.gradient(scaled, variables)
        # A sparse gradient names a row once for each time that it was read. Keras squares those parts one by one where
        # Adam wants the square of their sum, and makes them dense anyway, twice.
        dense = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]
        self.optimizer.apply(dense, variables)
        self._loss_mean.update_state(loss)
        return {"loss": self._loss_mean.result()}
