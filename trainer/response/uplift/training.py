"""Trains an uplift network; the task and the benchmark train by this function."""

import math
import time
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_summary import training_summary
from trainer.metrics.treatment_effect import treatment_effect
from trainer.options import HardwareOptions
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.fitting import asked, column_batches, in_batches
from trainer.response.network import ResponseNetwork, new_network
from trainer.response.options import UpliftOptions
from trainer.response.uplift.calibration import fit_slope
from trainer.response.uplift.loss import UPLIFT_SCALE, contrast_scale, contrasts, uplift_loss
from trainer.response.uplift.network import UpliftNetwork
from trainer.response.uplift.treatments import Treatments


class TrainedUplift(NamedTuple):
    """A trained network, and what training.json says of it."""

    uplift: UpliftNetwork
    summary: dict[str, Any]


def train_uplift(
    names: FeatureNames,
    learned: FeatureTable,
    treatments: Treatments,
    options: UpliftOptions,
    *,
    seed: int,
    validated: tuple[FeatureTable, Treatments] | None = None,
    log_uri: str,
    hardware_options: HardwareOptions | None = None,
    most_steps: int | None = None,
    checkpoint_uri: str = "",
) -> TrainedUplift:
    """Trains what each treatment adds to the first outcome.

    Args:
        names: What the columns are.
        learned: Impressions to learn from, of all treatments.
        treatments: Theirs.
        options: How.
        seed: Seed of weights and order.
        validated: Impressions that the size of the uplifts is taken from, and their treatments; None for those that
            are learned from.
        log_uri: Where TensorBoard's event files go.
        hardware_options: What to train on; None picks it.
        most_steps: Steps at the most.
        checkpoint_uri: Where checkpoints go; empty for none.

    Raises:
        ValueError: A treatment has no rows to learn from.
    """
    started = time.monotonic()
    _check(learned, treatments)
    chosen = hardware_options or HardwareOptions()
    with chosen_hardware(chosen.strategy, chosen.precision) as hardware:
        keras.utils.set_random_seed(seed)
        network = _untrained(names, learned, treatments, options)
        weights = contrasts(treatments)
        model = UpliftTraining(network, contrast_scale(weights), len(learned), options)
        batch = min(options.batch_size, len(learned))
        steps = max(1, len(learned) // batch)
        length = training_length(steps, max(options.epochs, math.ceil(options.least_steps / steps)), most_steps)
        rate = warm_up_and_decay(options.learning_rate, length.all_steps)
        model.compile(optimizer=adamw(rate, clip_norm=1.0), jit_compile=False)
        columns = {
            **learned.inputs(),
            "outcome": learned.outcomes[:, 0],
            "contrasts": weights,
            "weight": learned.weight,
        }
        best = fit(
            model,
            column_batches(columns, batch, seed),
            length=length,
            validation=None,
            monitored=None,
            patience=0,
            log_uri=log_uri,
            checkpoints=Checkpoints(checkpoint_uri, chosen.checkpoint_minutes),
        )
    uplift = _calibrated(network, learned, treatments, *(validated or (learned, treatments)))
    summary = training_summary(
        best,
        hardware,
        started,
        impressions=treatments.counts,
        parameters=network.count_params(),
        slopes=dict(zip(treatments.names[1:], uplift.slopes, strict=True)),
    )
    return TrainedUplift(uplift, summary)


class UpliftTraining(SoftmaxModel):
    """Trains the network's heads on batches of a `FeatureTable` with `outcome`, `contrasts` and `weight`.

    Args:
        network: The network; see `UpliftNetwork`.
        scale: Of the regression on the uplift; see `contrast_scale`.
        rows: Impressions that are learned from, which penalties are divided by.
        options: The penalties.
    """

    def __init__(self, network: ResponseNetwork, scale: float, rows: int, options: UpliftOptions) -> None:
        super().__init__("uplift_training")
        self.network = network
        self._scale = scale
        self._penalties = (options.wide_penalty / rows, options.penalty / rows)

    def call(self, features: dict[str, Any], training: bool = False) -> Any:
        return self.network(features, training=training)

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        # Each network learns by a loss of its own, so their sum.
        outputs = self.network(batch, training=training)
        losses = tf.reduce_sum(uplift_loss(batch["outcome"], outputs, batch["contrasts"], self._scale), axis=1)
        squares = [tf.add_n([tf.nn.l2_loss(weight.value) for weight in each]) for each in self.network.penalised()]
        penalty = sum(factor * square for factor, square in zip(self._penalties, squares, strict=True))
        total, weight = weighted_losses(losses, batch["weight"])
        # Once in the mean, however a batch is divided.
        return Losses(total + weight * penalty, weight)


def _untrained(
    names: FeatureNames, learned: FeatureTable, treatments: Treatments, options: UpliftOptions
) -> ResponseNetwork:
    """Returns a network that knows the rate of the outcome, and of no treatment that it adds anything."""
    heads = replace(names, outcomes=(names.outcomes[0], *treatments.names[1:]))
    network = new_network(heads, learned.vectors.shape[1], options.network)
    network.adapt(replace(learned, outcomes=np.repeat(learned.outcomes[:, :1], len(heads.outcomes), axis=1)))
    # An uplift begins at none, not at the average one: from there the few effects that are clear are learned first.
    begin = np.reshape(network.linear.bias.numpy(), (options.network.networks, -1))
    begin[:, 1:] = 0.0
    network.linear.bias.assign(begin.ravel())
    return network


def _calibrated(
    network: ResponseNetwork,
    learned: FeatureTable,
    treatments: Treatments,
    validated: FeatureTable,
    validated_treatments: Treatments,
) -> UpliftNetwork:
    """Returns the network with uplifts of the right size."""
    shares = np.bincount(treatments.arm, weights=learned.weight, minlength=len(treatments.names))
    graph = asked(network)
    centres = np.average(UPLIFT_SCALE * in_batches(graph, learned)[:, 1:], axis=0, weights=learned.weight)
    outputs = in_batches(graph, validated)
    surprise = validated.outcomes[:, 0] - 1.0 / (1.0 + np.exp(-outputs[:, 0]))
    score = contrasts(validated_treatments) * surprise[:, np.newaxis]
    deviation = UPLIFT_SCALE * outputs[:, 1:] - centres
    return UpliftNetwork(
        network=network,
        treatments=treatments.names,
        shares=tuple((shares / shares.sum()).tolist()),
        centres=tuple(centres.tolist()),
        means=tuple(_mean_effects(learned, treatments)),
        slopes=tuple(fit_slope(score[:, k], deviation[:, k], validated.weight) for k in range(len(centres))),
    )


def _mean_effects(learned: FeatureTable, treatments: Treatments) -> list[float]:
    """Returns what each treatment but the control adds on average."""
    found = []
    for place in range(1, len(treatments.names)):
        chosen = (treatments.arm == 0) | (treatments.arm == place)
        effect = treatment_effect(
            learned.outcomes[chosen, 0],
            treatments.arm[chosen] == place,
            treatments.propensity[chosen] / learned.weight[chosen],
        )
        found.append(effect.mean)
    return found


def _check(learned: FeatureTable, treatments: Treatments) -> None:
    if len(learned) != len(treatments):
        raise ValueError(
            f"`treatments` should have a row for each of `learned`. Received {len(treatments)} and {len(learned)}."
        )
    missing = [name for name, rows in treatments.counts.items() if not rows]
    if missing:
        raise ValueError(f"`treatments` should have rows of each treatment. There are none of {', '.join(missing)}.")
