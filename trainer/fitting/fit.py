"""Trains a model epoch after epoch, judges it after each, and stops where it gets no better."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np

from trainer.fitting.batches import EpochBatches
from trainer.fitting.checkpoints import Array, Checkpoints
from trainer.fitting.softmax_model import SoftmaxModel
from trainer.fitting.step_logs import StepLogs, TrainingBoard, steps_per_point
from trainer.fitting.training_length import TrainingLength
from trainer.fitting.training_steps import TrainingSteps
from trainer.progress import report_progress
from trainer.workers.worker_group import WorkerGroup, worker_group

logger = logging.getLogger(__name__)

# What the logs call a metric of the eval split.
EVAL_PREFIX = "eval_"


class EpochValidation(ABC):
    """Judges a model after each epoch; logs and TensorBoard have each metric as `eval_NAME`."""

    @abstractmethod
    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        """Returns the metrics of the eval split by their names, with the model as it is now.

        Args:
            epoch: The epoch that was trained, from 0.
            last: Whether no epoch can follow.
        """


class HostState(Protocol):
    """What a training changes beside variables, and a checkpoint has to hold."""

    def state(self) -> list[Array]: ...

    def restore(self, arrays: list[Array]) -> None: ...


class BestEpoch(NamedTuple):
    """The epoch whose weights a model has after `fit`.

    Attributes:
        number: Which it is, from 1.
        epochs: Epochs that were trained.
        loss: Its mean loss.
        metrics: What it was judged by, by name; empty where nothing was judged.
        of_epochs: Loss and metrics of every epoch, as TensorBoard calls them.
    """

    number: int
    epochs: int
    loss: float
    metrics: dict[str, float]
    of_epochs: tuple[dict[str, float], ...] = ()

    @property
    def summary(self) -> dict[str, Any]:
        """What training.json says of it."""
        return {"epochs": self.epochs, "best_epoch": self.number, "eval": self.metrics}

    @property
    def logged(self) -> dict[str, float]:
        """Loss and metrics as TensorBoard calls them."""
        return {"loss": self.loss, **{EVAL_PREFIX + name: value for name, value in self.metrics.items()}}


def fit(
    model: SoftmaxModel,
    batches: EpochBatches,
    *,
    length: TrainingLength,
    validation: EpochValidation | None,
    monitored: str | None,
    patience: int,
    log_uri: str,
    checkpoints: Checkpoints,
    lowest: bool = False,
    after_epoch: Callable[[], None] | None = None,
    host: HostState | None = None,
) -> BestEpoch:
    """Trains a compiled model, and leaves it with the weights of the best epoch.

    TensorBoard gets loss and learning rate by step and by epoch, and the metrics by epoch. A training that was killed
    goes on from its checkpoint, sees no batch twice, and ends as it would have.

    With several workers each learns from its share of every batch, all judge, and the chief's word counts.

    Args:
        model: The model.
        batches: Those of each epoch.
        length: Batches of an epoch, and epochs at the most.
        validation: Judges each epoch; None where there is nothing to judge by.
        monitored: The metric that is to be high; None for the last epoch, and then nothing is judged.
        patience: Epochs without a better one after which training stops.
        log_uri: Where TensorBoard's event files go.
        checkpoints: Where the training stands; the last one stays, for the caller to forget with the rest of its work.
        lowest: Whether the metric is to be low instead.
        after_epoch: Called after each epoch, before it is judged.
        host: What else a checkpoint has to hold.
    """
    if validation is None:
        monitored = None
    fitting = _Fitting(model, length, log_uri, checkpoints, host, lowest)
    fitting.begin()
    while not fitting.over(patience):
        fitting.train_epoch(batches)
        if after_epoch is not None:
            after_epoch()
        judged: dict[str, float] = {}
        if monitored is not None and validation is not None:
            judged = validation.judge(fitting.epoch, last=fitting.epoch + 1 == length.epochs)
        fitting.end_epoch(judged, monitored)
    return fitting.finish()


class _Fitting:
    """A training in the making: where it stands, what it has seen of itself, and its best weights."""

    def __init__(
        self,
        model: SoftmaxModel,
        length: TrainingLength,
        log_uri: str,
        checkpoints: Checkpoints,
        host: HostState | None,
        lowest: bool,
    ) -> None:
        self._model, self._length, self._checkpoints, self._host = model, length, checkpoints, host
        self._sign = -1.0 if lowest else 1.0
        self._group: WorkerGroup = worker_group()
        self._steps = TrainingSteps(model, self._group)
        self._logs = StepLogs(steps_per_point(length.steps), lambda: float(model.optimizer.learning_rate))
        self._board = TrainingBoard(log_uri)
        self._step = 0
        self._losses: list[float] = []
        self._judged: list[dict[str, float]] = []
        self._best: int | None = None
        self._best_weights: list[Array] = []

    def begin(self) -> None:
        """Goes on from the checkpoint where there is one, and has all workers begin alike."""
        found = self._checkpoints.read()
        if found is not None:
            self._restore(found.progress, found.arrays)
            done = len(self._losses) * self._length.steps + self._step
            logger.info("Going on after step %d of %d.", done, self._length.all_steps)
        if self._group.size > 1:
            weights = [np.asarray(variable) for variable in self._model.trainable_variables]
            agreed = self._group.by_chief(np.concatenate([each.ravel() for each in weights]))
            parts = np.split(agreed, np.cumsum([each.size for each in weights])[:-1])
            for variable, part in zip(self._model.trainable_variables, parts, strict=True):
                variable.assign(part.reshape(variable.shape))

    def over(self, patience: int) -> bool:
        """Says whether no epoch is to follow."""
        epochs = len(self._losses)
        waited = epochs > 1 and self._best is not None and epochs - 1 - self._best >= patience
        return epochs >= self._length.epochs or waited

    @property
    def epoch(self) -> int:
        """The epoch in training, from 0."""
        return len(self._losses)

    def train_epoch(self, batches: EpochBatches) -> None:
        """Makes the steps of an epoch that are still to be made."""
        left = self._length.steps - self._step
        if not left:
            return
        for loss in self._steps.losses(batches(self.epoch, self._step), left):
            self._logs.add(loss)
            self._step += 1
            self._report(loss)
            if self._group.is_chief and self._checkpoints.due():
                self._write()

    def _report(self, loss: Any) -> None:
        # Epochs are the most there will be, as a fit may stop early; a loss is fetched only when somebody hears of it.
        epoch = f"epoch {self.epoch + 1} of {self._length.epochs}"
        done = self.epoch * self._length.steps + self._step
        report_progress(done, self._length.all_steps, "steps", lambda: f"{epoch}, loss {float(loss):.4f}")

    def end_epoch(self, metrics: dict[str, float], monitored: str | None) -> None:
        """Notes what an epoch came to, and keeps its weights where they are the best so far."""
        if metrics:
            # What machines of several kinds compute differs a little, and all have to stop together.
            names, values = list(metrics), np.array(list(metrics.values()), np.float64)
            metrics = dict(zip(names, self._group.by_chief(values).tolist(), strict=True))
        self._losses.append(self._logs.end_epoch())
        self._step = 0
        if monitored is not None:
            self._judged.append(metrics)
            best = None if self._best is None else self._sign * self._judged[self._best][monitored]
            if best is None or self._sign * metrics[monitored] > best:
                self._best, self._best_weights = len(self._judged) - 1, self._model.get_weights()
        self._show_epoch(len(self._losses) - 1)
        logged = ", ".join(f"{EVAL_PREFIX}{name} {value:.4f}" for name, value in metrics.items())
        logger.info("Epoch %d: loss %.4f, %s", len(self._losses), self._losses[-1], logged)

    def finish(self) -> BestEpoch:
        """Puts the best weights in place."""
        if self._group.is_chief and self._checkpoints.exists():
            self._write()
        best = len(self._losses) - 1 if self._best is None else self._best
        if self._best is not None:
            self._model.set_weights(self._best_weights)
        metrics = self._judged[best] if self._judged else {}
        of_epochs = tuple(self._of_epoch(epoch) for epoch in range(len(self._losses)))
        return BestEpoch(best + 1, len(self._losses), self._losses[best], metrics, of_epochs)

    def _show_epoch(self, epoch: int) -> None:
        self._board.steps(self._logs.points)
        rate = float(self._model.optimizer.learning_rate)
        self._board.epoch(epoch, {**self._of_epoch(epoch), "learning_rate": rate})

    def _of_epoch(self, epoch: int) -> dict[str, float]:
        judged = self._judged[epoch] if self._judged else {}
        return {"loss": self._losses[epoch], **{EVAL_PREFIX + name: value for name, value in judged.items()}}

    def _write(self) -> None:
        progress = {
            "step": self._step,
            "losses": self._losses,
            "judged": self._judged,
            "best": self._best,
            "logs": self._logs.state(),
            "counts": [len(self._model.remembered()), len(self._best_weights)],
        }
        held = [] if self._host is None else self._host.state()
        self._checkpoints.write(progress, [*self._model.remembered(), *self._best_weights, *held])

    def _restore(self, progress: dict[str, Any], arrays: list[Array]) -> None:
        variables, best = progress["counts"]
        for variable, value in zip(self._model.remembered(), arrays[:variables], strict=True):
            variable.assign(value)
        self._best_weights = arrays[variables : variables + best]
        if self._host is not None:
            self._host.restore(arrays[variables + best :])
        self._step, self._losses, self._best = progress["step"], progress["losses"], progress["best"]
        self._judged = progress["judged"]
        self._logs.restore(progress["logs"])
        for epoch in range(len(self._losses)):
            self._show_epoch(epoch)


def parameter_count(variables: Iterable[Any]) -> int:
    """Returns how many numbers some variables hold."""
    return int(sum(np.prod(variable.shape) for variable in variables))
