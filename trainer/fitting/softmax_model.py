"""The training step that models with a loss of their own share."""

from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf

from trainer.fitting.keras_parts import ReplicatedModel


def weighted_mean(losses: Any, weights: Any) -> Any:
    """Returns the mean of float32 `(batch,)` losses by their weights; 0 where all weights are 0."""
    return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))


class SoftmaxModel(ReplicatedModel):
    """A model that is trained on batches as they come; what is saved is its parts, never this model.

    Args:
        replicas: Replicas that a batch is divided over.
        name: Name of the model.
    """

    def __init__(self, replicas: int, name: str) -> None:
        super().__init__(replicas, name)
        self._loss_mean = keras.metrics.Mean(name="loss")

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
        self.optimizer.apply(self._overflown_in_all(dense) if self._replicas > 1 else dense, variables)
        self._loss_mean.update_state(loss)
        return {"loss": self._loss_mean.result()}

    def _overflown_in_all(self, gradients: list[Any]) -> list[Any]:
        """Returns a replica's gradients, made NaN where those of another replica have overflown.

        In half precision an optimizer leaves out such a step. Keras has each replica decide that by its own gradients,
        and those that go on would add up what the others never send.
        """
        # Zero, or NaN where a gradient is infinite.
        own = tf.add_n([tf.reduce_sum(0.0 * gradient) for gradient in gradients if gradient is not None])
        overflow = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)
        return [None if gradient is None else gradient + overflow for gradient in gradients]
