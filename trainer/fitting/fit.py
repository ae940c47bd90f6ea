"""Trains a model epoch after epoch, judges it after each, and stops where it gets no better."""

import logging
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from trainer.fitting.fit_progress import FitProgress
from trainer.fitting.step_logs import StepLogs, steps_per_point
from trainer.fitting.training_length import TrainingLength

logger = logging.getLogger(__name__)

# What the logs call a metric of the eval split.
EVAL_PREFIX = "eval_"


class EpochValidation(keras.callbacks.Callback):
    """Judges a model after each epoch; early stopping and TensorBoard see each metric as `eval_NAME`."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[dict[str, float]] = []

    @abstractmethod
    def judge(self) -> dict[str, float]:
        """Returns the metrics of the eval split by their names, with the model as it is now."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        metrics = self.judge()
        self.history.append(metrics)
        logged = {EVAL_PREFIX + name: value for name, value in metrics.items()}
        if logs is not None:
            logs.update(logged)
        shown = ", ".join(f"{name} {value:.4f}" for name, value in logged.items())
        logger.info("Epoch %d: loss %.4f, %s", epoch + 1, (logs or {}).get("loss", float("nan")), shown)


class BestEpoch(NamedTuple):
    """The epoch whose weights a model has after `fit`.

    Attributes:
        number: Which it is, from 1.
        epochs: Epochs that were trained.
        loss: Its mean loss.
        metrics: What it was judged by, by name; empty where nothing was judged.
    """

    number: int
    epochs: int
    loss: float
    metrics: dict[str, float]

    @property
    def summary(self) -> dict[str, Any]:
        """What training.json says of it."""
        return {"epochs": self.epochs, "best_epoch": self.number, "eval": self.metrics}

    @property
    def logged(self) -> dict[str, float]:
        """Loss and metrics as TensorBoard calls them."""
        return {"loss": self.loss, **{EVAL_PREFIX + name: value for name, value in self.metrics.items()}}


def fit(
    model: keras.Model,
    batches: tf.data.Dataset,
    *,
    length: TrainingLength,
    validation: EpochValidation,
    monitored: str | None,
    patience: int,
    log_uri: str,
    before: Sequence[keras.callbacks.Callback] = (),
) -> BestEpoch:
    """Trains a compiled model, and leaves it with the weights of the best epoch.

    TensorBoard gets loss and learning rate by step and by epoch, and the metrics by epoch.

    Args:
        model: The model.
        batches: Those of one epoch; or an endless dataset, with which each epoch goes on where the last one ended.
        length: Batches of an epoch, and epochs at the most.
        validation: Judges each epoch.
        monitored: The metric that is to be high; None for the last epoch, and then nothing is judged.
        patience: Epochs without a better one after which training stops.
        log_uri: Where TensorBoard's event files go.
        before: Callbacks that come before the validation.
    """
    callbacks = list(before)
    if monitored is not None:
        stopping = keras.callbacks.EarlyStopping(
            monitor=EVAL_PREFIX + monitored, mode="max", patience=patience, restore_best_weights=True
        )
        callbacks += [validation, stopping]
    every = steps_per_point(length.steps)
    board = keras.callbacks.TensorBoard(log_uri, write_graph=False, update_freq=every)
    endless = batches.cardinality() == tf.data.INFINITE_CARDINALITY
    losses = model.fit(
        batches,
        steps_per_epoch=length.steps if endless else None,
        epochs=length.epochs,
        callbacks=[*callbacks, StepLogs(every), board, FitProgress()],
        shuffle=False,
        verbose=0,
    ).history["loss"]
    judged = validation.history
    best = len(losses) - 1 if monitored is None else int(np.argmax([metrics[monitored] for metrics in judged]))
    return BestEpoch(best + 1, len(losses), float(losses[best]), judged[best] if judged else {})


def parameter_count(variables: Iterable[Any]) -> int:
    """Returns how many numbers some variables hold."""
    return int(sum(np.prod(variable.shape) for variable in variables))
