"""The training step that models with a loss of their own share."""

from abc import abstractmethod
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from trainer.workers.exchange import summed


class Losses(NamedTuple):
    """What a batch, or a replica's share of one, has lost.

    Attributes:
        total: The sum of its losses, each by its weight; a float32 scalar.
        weight: The sum of the weights, a float32 scalar.
    """

    total: Any
    weight: Any


def weighted_losses(losses: Any, weights: Any) -> Losses:
    """Returns the sums of float32 `(batch,)` losses by their weights."""
    return Losses(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))


class SoftmaxModel(keras.Model):
    """A model that is trained on batches as they come; what is saved is its parts, never this model.

    A batch's loss is the weighted mean over all replicas' shares of it, however uneven these are, and none is too small
    to count right. Gradients are summed over the replicas before the optimizer clips or applies them, so all see the
    same ones, overflown or not.

    Args:
        name: Name of the model.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        # There is no `call`, so Keras is told that nothing is left to build.
        self.built = True

    @abstractmethod
    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a replica's share of a batch has lost."""

    def softmax_loss(self, batch: dict[str, Any], training: bool) -> Any:
        """Returns the loss of a batch, a float32 scalar; 0 where all weights are 0."""
        return summed(self._share_of_mean(batch, training))

    def gradients(self, batch: dict[str, Any]) -> tuple[Any, list[Any]]:
        """Returns the loss of a batch, and its dense gradients by the trainable variables, scaled for the optimizer."""
        with tf.GradientTape() as tape:
            loss = self._share_of_mean(batch, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_variables)
        # A sparse gradient names a row once for each time that it was read. Keras squares those parts one by one where
        # Adam wants the square of their sum, and makes them dense anyway, twice.
        places = [place for place, gradient in enumerate(gradients) if gradient is not None]
        for place, dense in zip(
            places, summed([tf.convert_to_tensor(gradients[each]) for each in places]), strict=True
        ):
            gradients[place] = dense
        return summed(loss), gradients

    def update(self, gradients: list[Any]) -> None:
        """Makes a step of what `gradients` has returned."""
        self.optimizer.apply(gradients, self.trainable_variables)

    def train_step(self, data: Any) -> dict[str, Any]:
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        loss, gradients = self.gradients(batch)
        self.update(gradients)
        return {"loss": loss}

    def remembered(self) -> list[Any]:
        """Returns all variables that a training changes, which are what a checkpoint of it holds."""
        return [*self.variables, *self.optimizer.variables]

    def _share_of_mean(self, batch: dict[str, Any], training: bool) -> Any:
        """Returns a replica's part of the loss; the parts add up to the mean over the whole batch."""
        total, weight = self.losses_of(batch, training)
        return tf.math.divide_no_nan(total, summed(weight))
