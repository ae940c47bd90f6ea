"""Loss and learning rate while an epoch runs, and what TensorBoard is told of them."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

# Points that an epoch gets in TensorBoard, where it has as many steps.
POINTS_PER_EPOCH = 100


def steps_per_point(steps_per_epoch: int) -> int:
    """Returns after how many steps a point is written: an epoch gets from 100 to 199, or one for each step."""
    return max(1, steps_per_epoch // POINTS_PER_EPOCH)


class StepLogs:
    """The loss of every so many steps, with the learning rate after them, and the mean loss of an epoch.

    Losses are looked at when a point is made, so that a device is not waited for after each step.

    Attributes:
        points: Steps done, the mean loss since the point before in the same epoch, and the learning rate.

    Args:
        every: Steps a point.
        rate: Returns the learning rate as it is now.
    """

    def __init__(self, every: int, rate: Callable[[], float]) -> None:
        self.points: list[tuple[int, float, float]] = []
        self._every, self._rate = every, rate
        self._steps = self._epoch_steps = 0
        self._total = 0.0
        # Losses since the last point, those of them that are in the epoch's total first.
        self._since: list[Any] = []
        self._counted = 0

    def add(self, loss: Any) -> None:
        """Takes the loss of a step, a scalar that may still be in the making."""
        self._since.append(loss)
        self._steps += 1
        self._epoch_steps += 1
        if self._steps % self._every == 0:
            self._look()
            self.points.append((self._steps, sum(self._since) / len(self._since), self._rate()))
            self._since, self._counted = [], 0

    def end_epoch(self) -> float:
        """Returns the mean loss of the epoch, and begins another one."""
        self._look()
        mean = self._total / max(self._epoch_steps, 1)
        self._total, self._epoch_steps, self._since, self._counted = 0.0, 0, [], 0
        return mean

    def state(self) -> dict[str, Any]:
        """Returns what JSON can hold and `restore` goes on from."""
        self._look()
        return {
            "points": self.points,
            "steps": self._steps,
            "epoch_steps": self._epoch_steps,
            "total": self._total,
            "since": self._since,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state` has returned."""
        self.points = [(int(step), loss, rate) for step, loss, rate in state["points"]]
        self._steps, self._epoch_steps, self._total = state["steps"], state["epoch_steps"], state["total"]
        self._since = list(state["since"])
        self._counted = len(self._since)

    def _look(self) -> None:
        new = [float(loss) for loss in self._since[self._counted :]]
        self._since[self._counted :] = new
        self._counted = len(self._since)
        self._total += sum(new)


class TrainingBoard:
    """Writes what TensorBoard shows of a training: `batch_NAME` by step and `epoch_NAME` by epoch, as Keras calls them.

    Args:
        log_uri: Folder of the event files; they go into `train/`.
    """

    def __init__(self, log_uri: str) -> None:
        self._writer = tf.summary.create_file_writer(os.path.join(log_uri, "train"))
        self._written = 0

    def steps(self, points: list[tuple[int, float, float]]) -> None:
        """Writes the points of `StepLogs` that were not written yet."""
        with self._writer.as_default():
            for step, loss, rate in points[self._written :]:
                tf.summary.scalar("batch_loss", loss, step)
                tf.summary.scalar("batch_learning_rate", rate, step)
        self._written = len(points)
        self._writer.flush()

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Writes what an epoch, counted from 0, came to."""
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(f"epoch_{name}", value, number)
        self._writer.flush()
