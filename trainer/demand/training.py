"""Trains the network of all series."""

import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from trainer.demand.network import DemandNetwork
from trainer.demand.options import DemandOptions
from trainer.demand.product_facts import ProductFacts
from trainer.demand.series import DemandSeries, Floats, Ints
from trainer.demand.training_windows import TrainingWindows
from trainer.fitting.batches import unsharded
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit, parameter_count
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_summary import training_summary

_LEAST_PAST_WEEKS = 8
# Trainings are short, so the mean of squared gradients forgets soon.
_FORGETTING = 0.99
_ASKED_AT_ONCE = 4096
# Windows of which the mean and the spread of each number are taken.
_SCALED_BY = 8192
# Parts of the names of weights that are not to shrink.
_NOT_DECAYED = ("bias", "gamma", "beta")


class TrainedDemand(NamedTuple):
    """A network, and how it came about.

    Attributes:
        network: The network.
        summary: What training.json says.
    """

    network: DemandNetwork
    summary: dict[str, Any]


def train_demand(
    series: DemandSeries,
    facts: ProductFacts,
    options: DemandOptions,
    *,
    before: int,
    seed: int,
    log_uri: str,
    most_steps: int | None = None,
    checkpoint_uri: str = "",
) -> TrainedDemand:
    """Trains on all windows whose weeks end before a week.

    Memory grows with the series; windows are cut out of them batch by batch.

    Args:
        series: The series.
        facts: What is known of each product.
        options: How to train.
        before: Week that the test begins with; nothing from it on is looked at.
        seed: Of weights, order and dropout.
        log_uri: Where TensorBoard's event files go.
        most_steps: The most batches to train on; None for as many as the options say.
        checkpoint_uri: Where checkpoints go; empty for none.

    Raises:
        ValueError: There is no window to learn from.
    """
    started = time.monotonic()
    training, horizon = options.training, options.horizon
    windows = TrainingWindows(series, range(min(_LEAST_PAST_WEEKS, before - horizon), before - horizon + 1), horizon)
    if not len(windows):
        raise ValueError(
            f"Demand should have a week before the last {horizon} weeks of training to learn from; the weeks before "
            f"the test are {before}. Give more weeks, or set a shorter `horizon`."
        )
    keras.utils.set_random_seed(seed)
    steps = max(1, min(len(windows), training.max_windows) // training.batch_size)
    epochs = max(training.epochs, math.ceil(training.least_steps / steps))
    length = training_length(steps, epochs, most_steps)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        network = DemandNetwork(options, facts, series.kinds)
        optimizer = adamw(
            warm_up_and_decay(training.learning_rate, length.all_steps),
            weight_decay=training.weight_decay,
            not_decayed=_NOT_DECAYED,
            beta_2=_FORGETTING,
        )
        network.compile(optimizer=optimizer, jit_compile=False)
    batches = _WindowBatches(series, windows, before, network.unknown_product, options, seed)
    network.scale_by(*batches.sample(_SCALED_BY))
    best = fit(
        network,
        batches.epoch,
        length=length,
        validation=None,
        monitored=None,
        patience=1,
        log_uri=log_uri,
        checkpoints=Checkpoints(checkpoint_uri, training.checkpoint_minutes),
    )
    write_hyperparameters(log_uri, options, seed, best)
    summary = training_summary(
        best,
        hardware,
        started,
        parameters={"trained": parameter_count(network.trainable_variables), "all": parameter_count(network.variables)},
        examples={"train": len(windows)},
        loss=best.loss,
    )
    return TrainedDemand(network, summary)


def ask(network: DemandNetwork, series: DemandSeries, rows: Ints, origins: Ints, options: DemandOptions) -> Floats:
    """Returns quantiles, float32 `(windows, horizon, 9)`, of some series after some weeks."""
    function = tf.function(network.quantiles, reduce_retracing=True)
    unknown = network.unknown_product
    answers = []
    for start in range(0, len(rows), _ASKED_AT_ONCE):
        part = slice(start, start + _ASKED_AT_ONCE)
        window = series.windows(rows[part], origins[part], options.history_weeks, options.horizon)
        product = series.product[rows[part]]
        product = np.where(product < 0, unknown, product).astype(np.int32)
        answers.append(function(tf.constant(product), *(tf.constant(each) for each in window)).numpy())
    return np.concatenate(answers)


class _WindowBatches:
    """Batches of windows, in another order in each epoch."""

    def __init__(
        self,
        series: DemandSeries,
        windows: TrainingWindows,
        before: int,
        unknown: int,
        options: DemandOptions,
        seed: int,
    ) -> None:
        self._series, self._windows, self._unknown = series, windows, unknown
        self._options, self._seed = options, seed
        self._size = min(options.training.batch_size, len(windows))
        units = series.units[:, :before]
        known = np.isfinite(units)
        mean = np.where(known, units, 0.0).sum(1) / np.maximum(known.sum(1), 1)
        self._levels = np.maximum(mean, 0.05).astype(np.float32)

    def sample(self, most: int) -> tuple[Any, ...]:
        """Returns some windows as `DemandNetwork.quantiles` takes them, the same ones each time."""
        random = np.random.default_rng(self._seed)
        batch = self._batch(self._windows.drawn(random, most), random)
        names = ("product", "recent_units", "recent_covariates", "known_covariates")
        return tuple(tf.constant(batch[name]) for name in names)

    def epoch(self, number: int, skipped: int) -> tf.data.Dataset:
        """Returns the batches of an epoch but the first ones, each a dict of arrays; see `EpochBatches`."""
        options, covariates = self._options, self._series.covariates.shape[2]
        weeks, horizon = options.history_weeks, options.horizon
        # Every batch is as large as the next one, so that no shape depends on the data.
        size = self._size
        shapes: dict[str, tuple[tuple[int, ...], Any]] = {
            "product": ((size,), tf.int32),
            "known_id": ((size,), tf.bool),
            "recent_units": ((size, weeks), tf.float32),
            "recent_covariates": ((size, weeks, covariates), tf.float32),
            "known_covariates": ((size, horizon, covariates), tf.float32),
            "targets": ((size, horizon), tf.float32),
            "weight_level": ((size,), tf.float32),
        }
        signature = {name: tf.TensorSpec(shape, dtype) for name, (shape, dtype) in shapes.items()}
        batches = tf.data.Dataset.from_generator(lambda: self._batches(number, skipped), output_signature=signature)
        return unsharded(batches.prefetch(2))

    def _batches(self, epoch: int, skipped: int) -> Iterator[dict[str, Any]]:
        order = self._windows.drawn(np.random.default_rng([self._seed, epoch]), self._options.training.max_windows)
        for place in range(skipped, len(order) // self._size):
            random = np.random.default_rng([self._seed, epoch, place])
            yield self._batch(order[place * self._size : (place + 1) * self._size], random)

    def _batch(self, places: Ints, random: np.random.Generator) -> dict[str, Any]:
        options, training = self._options, self._options.training
        rows, origins = self._windows.at(places)
        window = self._series.windows(rows, origins, options.history_weeks, options.horizon)
        new = random.random(len(rows)) < training.without_history
        units = np.where(new[:, None], np.float32(np.nan), window.recent_units)
        product = self._series.product[rows]
        return {
            "product": np.where(product < 0, self._unknown, product).astype(np.int32),
            "known_id": (random.random(len(rows)) >= training.unknown_products) & ~new,
            "recent_units": units,
            "recent_covariates": window.recent_covariates,
            "known_covariates": window.known_covariates,
            "targets": self._series.targets(rows, origins, options.horizon),
            "weight_level": self._levels[rows],
        }
