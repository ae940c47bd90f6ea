"""Fits the response model to impressions; the task and the benchmarks train by this function."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import EpochBatches, unsharded
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import BestEpoch, EpochValidation, fit
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_summary import training_summary
from trainer.privacy.accounting import privacy_summary
from trainer.privacy.batches import PoissonBatches, unit_numbers
from trainer.privacy.model import PrivateModel
from trainer.response.calibration import Calibration, fit_calibration, level_at_slope, slope_with_more
from trainer.response.feature_table import FeatureNames, FeatureTable, concatenated
from trainer.response.measures import area_under_curve, normalised_entropy
from trainer.response.network import ResponseNetwork, new_network
from trainer.response.options import ResponseOptions

# What is left of the entropy that the base rate has; the more the better, as `fit` wants it.
EXPLAINED = "explained_entropy"
_AT_ONCE = 16_384
_COVERED = (
    "weights of the networks; those who were shown something in the last period scaled numbers and chose epoch and "
    "calibration, and what is counted of offers is counted of everybody"
)


class TrainedResponse(NamedTuple):
    """A trained model, and what training.json says of it."""

    network: ResponseNetwork
    summary: dict[str, Any]


def train_response(
    names: FeatureNames,
    learned: FeatureTable,
    validated: FeatureTable,
    options: ResponseOptions,
    *,
    seed: int,
    log_uri: str,
    most_steps: int | None = None,
    checkpoint_uri: str = "",
    users: npt.NDArray[Any] | None = None,
) -> TrainedResponse:
    """Trains and calibrates the response model.

    It learns until the last period, `validated`, gets no better, and is calibrated on it; then, with `refit`, it is
    trained anew on both for as many epochs. That model keeps the slope of the first one's calibration, and its
    intercept is the one that makes its mean probability the rate of all that it learned from.

    Args:
        names: What the columns are.
        learned: Impressions to learn from.
        validated: Those of the last period.
        options: How.
        seed: Seed of weights and order.
        log_uri: Where TensorBoard's event files go.
        most_steps: Steps at the most.
        checkpoint_uri: Where checkpoints go; empty for none.
        users: bytes `(rows,)`, to whom each of the learned impressions was shown, empty where unknown. Read by a
            private training alone, for which an impression is by itself where it is not given.

    Raises:
        ValueError: No outcome to learn, or none to calibrate on.
    """
    started = time.monotonic()
    training = options.training
    checkpoints = Checkpoints(checkpoint_uri, training.checkpoint_minutes)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        chosen = checkpoints.part("chosen")
        sampled = None
        if options.privacy is not None:
            units = np.arange(len(learned)) if users is None else unit_numbers(users)
            sampled = PoissonBatches(units, training.batch_size, gatherer(_columns(learned)))
        first, best = _fit(
            names, learned, validated, options, log_uri, most_steps, training.max_epochs, seed, chosen, sampled
        )
        logits = predicted_logits(first, validated)
        calibrations = [
            fit_calibration(logits[:, place], validated.outcomes[:, place], validated.weight)
            for place in range(len(names.outcomes))
        ]
        network = first
        if training.refit:
            both = concatenated(learned, validated)
            again, logs = checkpoints.part("refit"), os.path.join(log_uri, "refit")
            network, _ = _fit(names, both, None, options, logs, most_steps, best.number, seed, again)
            # What a period's own level says of the next one is little; how steep the logits should be carries over, as
            # far as it does not come of how few there were to learn from.
            logits = predicted_logits(network, both)
            slopes = [slope_with_more(each.slope, len(learned) / len(both)) for each in calibrations]
            calibrations = [
                Calibration(slope, level_at_slope(slope, logits[:, place], both.outcomes[:, place], both.weight))
                for place, slope in enumerate(slopes)
            ]
        network.calibrate(*(np.array(each, np.float32) for each in zip(*calibrations, strict=True)))
    summary = _summary(best, hardware, started, network, names, calibrations, learned)
    if options.privacy is not None and sampled is not None:
        steps = best.epochs * training_length(sampled.steps, training.max_epochs, most_steps).steps
        summary["privacy"] = privacy_summary(options.privacy, sampled, steps, unit="user", covers=_COVERED)
    return TrainedResponse(network, summary)


def predicted_logits(network: ResponseNetwork, table: FeatureTable) -> npt.NDArray[np.float32]:
    """Returns the logits of each row, float32 `(rows, outcomes)`, before calibration and at the mean position."""
    return in_batches(asked(network), table)


def predicted_probabilities(network: ResponseNetwork, table: FeatureTable) -> npt.NDArray[np.float32]:
    """Returns the calibrated probabilities of each row, float32 `(rows, outcomes)`."""
    return in_batches(asked(network.probabilities), table)


class ResponseTraining(SoftmaxModel):
    """Trains a network on batches of a `FeatureTable`; what is kept is the network.

    Args:
        network: The network.
        rows: Impressions that are learned from, which penalties are divided by.
        penalties: On the squares of the weights of the linear part, and of the rest.
    """

    def __init__(self, network: ResponseNetwork, rows: int, penalties: tuple[float, float]) -> None:
        super().__init__("response_training")
        self.network = network
        self._rows, self._penalties = rows, penalties

    def call(self, features: dict[str, Any], training: bool = False) -> Any:
        return self.network(features, training=training)

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        logits = self.network(batch, training=training)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(
            tf.broadcast_to(batch["outcomes"][:, None, :], tf.shape(logits)), logits
        )
        # Each network has a loss of its own, so their sum; of several outcomes the mean.
        total, weight = weighted_losses(tf.reduce_sum(tf.reduce_mean(losses, axis=2), axis=1), batch["weight"])
        squares = [tf.add_n([tf.nn.l2_loss(weight.value) for weight in each]) for each in self.network.penalised()]
        penalty = sum(factor * square for factor, square in zip(self._penalties, squares, strict=True))
        # Once in the mean, however a batch is divided.
        return Losses(total + weight * penalty / self._rows, weight)


class _Validation(EpochValidation):
    def __init__(self, network: ResponseNetwork, table: FeatureTable) -> None:
        # What stood where explains a part of what happened: without it, an epoch that learned this looks no better.
        self._logits, self._table = asked(network.placed_logits), table

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        logits = in_batches(self._logits, self._table)[:, 0]
        probabilities, happened = 1.0 / (1.0 + np.exp(-logits)), self._table.outcomes[:, 0]
        return {
            EXPLAINED: 1.0 - normalised_entropy(probabilities, happened),
            "auc": area_under_curve(probabilities, happened),
        }


def _fit(
    names: FeatureNames,
    learned: FeatureTable,
    validated: FeatureTable | None,
    options: ResponseOptions,
    log_uri: str,
    most_steps: int | None,
    epochs: int,
    seed: int,
    checkpoints: Checkpoints,
    sampled: PoissonBatches | None = None,
) -> tuple[ResponseNetwork, BestEpoch]:
    training = options.training
    keras.utils.set_random_seed(seed)
    network = new_network(names, learned.vectors.shape[1], options.network)
    # Rates and quantiles are not to tell of who is promised something.
    network.adapt(learned if sampled is None or validated is None else validated)
    batch = min(training.batch_size, len(learned))
    steps = max(1, len(learned) // batch) if sampled is None else sampled.steps
    length = training_length(steps, epochs, most_steps)
    model: SoftmaxModel = ResponseTraining(network, len(learned), (training.wide_penalty, training.penalty))
    if options.privacy is not None and sampled is not None:
        model = PrivateModel(model, privacy=options.privacy, expected=sampled.rows)
    # The rate is that of the longest training, so that the second one goes the way of the first.
    updates = length.steps * training.max_epochs
    model.compile(optimizer=adamw(warm_up_and_decay(training.learning_rate, updates), clip_norm=1.0), jit_compile=False)
    best = fit(
        model,
        batches(learned, batch, seed) if sampled is None else sampled.epoch,
        length=length,
        validation=None if validated is None else _Validation(network, validated),
        monitored=EXPLAINED,
        patience=training.patience,
        log_uri=log_uri,
        checkpoints=checkpoints,
    )
    return network, best


def batches(table: FeatureTable, batch: int, seed: int) -> EpochBatches:
    """Returns `column_batches` of what a table has."""
    return column_batches(_columns(table), batch, seed)


def _columns(table: FeatureTable) -> dict[str, npt.NDArray[Any]]:
    return {**table.inputs(), "outcomes": table.outcomes, "weight": table.weight}


def gatherer(columns: Mapping[str, npt.NDArray[Any]]) -> Callable[[Any], dict[str, Any]]:
    """Returns a function that gives the columns of some rows, by their places; it holds the columns on the CPU."""
    with tf.device("CPU:0"):
        held = {name: tf.constant(values) for name, values in columns.items()}
    return lambda rows: {name: tf.gather(values, rows) for name, values in held.items()}


def column_batches(columns: Mapping[str, npt.NDArray[Any]], batch: int, seed: int) -> EpochBatches:
    """Returns the batches of each epoch, in another order each; the rest of a pass is left out."""
    rows = len(next(iter(columns.values())))
    steps = max(1, rows // batch)
    gathered = gatherer(columns)

    def epoch_batches(epoch: int, first: int) -> tf.data.Dataset:
        places = np.random.default_rng([seed, epoch]).permutation(rows)[first * batch : steps * batch]
        chosen = tf.data.Dataset.from_tensor_slices(places.astype(np.int32).reshape(-1, batch))
        return unsharded(chosen.map(gathered).prefetch(4))

    return epoch_batches


def asked(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Returns a function of features as a graph, which is traced once for tables of any length."""
    graph: Callable[[dict[str, Any]], Any] = tf.function(lambda features: function(features), reduce_retracing=True)
    return graph


def in_batches(graph: Callable[[dict[str, Any]], Any], table: FeatureTable) -> npt.NDArray[np.float32]:
    """Returns what a graph of `asked` puts out for each row of a table, float32 `(rows, outcomes)`."""
    inputs = table.inputs()
    found: Sequence[Any] = [
        graph({name: tf.constant(values[start : start + _AT_ONCE]) for name, values in inputs.items()}).numpy()
        for start in range(0, len(table), _AT_ONCE)
    ]
    return np.concatenate(found) if found else np.zeros((0, table.outcomes.shape[1]), np.float32)


def _summary(
    best: BestEpoch,
    hardware: Any,
    started: float,
    network: ResponseNetwork,
    names: FeatureNames,
    calibrations: Sequence[Calibration],
    learned: FeatureTable,
) -> dict[str, Any]:
    calibrated = {name: each._asdict() for name, each in zip(names.outcomes, calibrations, strict=True)}
    return training_summary(
        best, hardware, started, impressions=len(learned), parameters=network.count_params(), calibration=calibrated
    )
