"""Loss and learning rate while an epoch runs."""

from typing import Any

import keras

# Points that an epoch gets in TensorBoard, where it has as many steps.
POINTS_PER_EPOCH = 100


def steps_per_point(steps_per_epoch: int) -> int:
    """Returns after how many steps a point is written: an epoch gets from 100 to 199, or one for each step."""
    return max(1, steps_per_epoch // POINTS_PER_EPOCH)


class StepLogs(keras.callbacks.Callback):
    """Adds the learning rate to the logs of every so many steps, and makes their loss that of those steps alone.

    Keras logs the mean loss since the epoch began, which hides what happens late in it. To be read by
    `keras.callbacks.TensorBoard(update_freq=every)`, which stands after it in the list.

    Args:
        every: Steps a point.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._steps = 0
        self._epoch_steps = 0
        self._total = 0.0
        self._since = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch_steps = self._since = 0
        self._total = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._steps += 1
        self._epoch_steps += 1
        if logs is None or self._steps % self._every:
            return
        total = float(logs["loss"]) * self._epoch_steps
        logs["loss"] = (total - self._total) / (self._epoch_steps - self._since)
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        self._total, self._since = total, self._epoch_steps
