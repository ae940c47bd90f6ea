"""Trains a model of any layers so that it says little of any one user."""

import secrets
from typing import Any

import tensorflow as tf

from trainer.fitting.softmax_model import Losses, SoftmaxModel
from trainer.privacy.clipping import clipped_sums, noisy_means
from trainer.privacy.options import PrivacyOptions
from trainer.workers.exchange import replicas
from trainer.workers.worker_group import worker_group


class PrivateModel(SoftmaxModel):
    """Trains another model by steps of DP-SGD, on batches as `PoissonBatches` makes them.

    A user's rows are learned from together, one user after the other: the loss of some rows has to depend on those rows
    alone. So a step takes as long as one of the other model for each of its users, and memory holds one user's
    gradient. Where all of a model's layers are known to `LayerRecorder`, that is faster.

    Without noise, and with a norm that no gradient reaches, a step is one of the other model whose batch weighs
    `expected`.

    Args:
        model: What is trained; its `losses_of` is called with the rows of one user.
        privacy: The norm, and the noise.
        expected: What the weights of a batch add up to on average; what the batch itself weighs would tell of users.
        noise_seed: Of the noise. Who knows it can take the noise away, so it is a secret unless one is given.

    Raises:
        ValueError: There are several devices.
    """

    def __init__(
        self, model: SoftmaxModel, *, privacy: PrivacyOptions, expected: float, noise_seed: int | None = None
    ) -> None:
        check_one_device()
        super().__init__(f"private_{model.name}")
        self.model = model
        self._privacy, self._expected = privacy, expected
        self._noise_seed = secrets.randbits(62) if noise_seed is None else noise_seed

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what the other model has lost."""
        return self.model.losses_of(batch, training)

    def gradients(self, batch: dict[str, Any]) -> tuple[Any, list[Any]]:
        """Returns the mean loss of a batch, and the noisy mean of its clipped gradients, scaled for the optimizer."""
        units, variables = batch["unit"], self.trainable_variables
        columns = {name: column for name, column in batch.items() if name != "unit"}

        def add(unit: Any, lost: Losses, sums: list[Any]) -> tuple[Any, Losses, list[Any]]:
            rows = tf.where(tf.equal(units, unit))[:, 0]
            with tf.GradientTape() as tape:
                own = self.losses_of({name: tf.gather(column, rows) for name, column in columns.items()}, training=True)
            slopes = tape.gradient(own.total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            clipped = clipped_sums([tf.convert_to_tensor(slope)[tf.newaxis] for slope in slopes], self._privacy.l2_clip)
            both = Losses(lost.total + own.total, lost.weight + own.weight)
            return unit + 1, both, [one + other for one, other in zip(sums, clipped, strict=True)]

        count = tf.reduce_max(units) + 1
        nothing = [tf.zeros(variable.shape) for variable in variables]
        _, lost, sums = tf.while_loop(
            lambda unit, *_: unit < count, add, (0, Losses(tf.constant(0.0), tf.constant(0.0)), nothing)
        )
        means = noisy_means(sums, self._privacy, self._expected, self._noise_seed, self.optimizer.iterations)
        loss = tf.math.divide_no_nan(lost.total, lost.weight)
        return loss, [self.optimizer.scale_loss(mean) for mean in means]


def check_one_device() -> None:
    """Refuses to divide a batch, which would tear users apart.

    Raises:
        ValueError: There are several devices.
    """
    if replicas() > 1 or worker_group().size > 1:
        raise ValueError(
            f"`privacy` is given: a private training needs one device, and there are {replicas()} on "
            f"{worker_group().size} machines; set `training.strategy: cpu`, and one worker."
        )
