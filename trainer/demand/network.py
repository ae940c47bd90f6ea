"""The network that all series share: what was sold and what is planned in, quantiles of what will be sold out."""

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.demand.member import DemandMember, Window
from trainer.demand.options import QUANTILES, DemandOptions
from trainer.demand.product_facts import ProductFacts
from trainer.demand.window_features import CovariateKinds, WindowFeatures, window_features
from trainer.fitting.softmax_model import Losses, SoftmaxModel

# Numbers further from their mean than so many standard deviations count as that far.
_FURTHEST = 5.0
_LEAST_SPREAD = 1e-3


class DemandNetwork(SoftmaxModel):
    """Answers quantiles of the coming weeks' units; only its export is saved.

    Args:
        options: Sizes, and how it learns.
        facts: What is known of each product.
        kinds: Which covariates are what.
    """

    def __init__(self, options: DemandOptions, facts: ProductFacts, kinds: CovariateKinds) -> None:
        super().__init__("demand")
        self._options, self._kinds = options, kinds
        self._vectors = tf.Variable(facts.vectors, trainable=False, name="vectors")
        self._levels = tf.Variable(facts.levels, trainable=False, name="levels")
        self._own = tf.Variable(facts.own.astype(np.int32), trainable=False, name="own")
        rows = int(facts.own.max()) + 1
        self._members = [
            DemandMember(options.network, rows, kinds, name=f"member_{n}") for n in range(options.network.members)
        ]
        self._scales: list[Any] = []
        self.build_with([self.unknown_product])

    @property
    def unknown_product(self) -> int:
        """The row of any product that the catalogue lacks."""
        return int(self._levels.shape[0]) - 1

    @property
    def tables(self) -> list[Any]:
        """What is looked up or counted, and not learned: of each product, and mean and spread of each number."""
        return [self._vectors, self._levels, self._own, *self._scales]

    def build_with(self, product: list[int]) -> None:
        """Makes the weights, by asking the network about products without a past."""
        weeks, horizon, count = self._options.history_weeks, self._options.horizon, self._kinds.total
        rows = len(product)
        inputs = tf.zeros([rows, weeks]), tf.zeros([rows, weeks, count]), tf.zeros([rows, horizon, count])
        features = self._features(tf.constant(product), *inputs)
        for name, numbers in (("facts", features.facts), ("coming", features.coming)):
            width = int(numbers.shape[-1])
            for part, value in (("mean", 0.0), ("spread", 1.0)):
                self._scales.append(tf.Variable(tf.fill([width], value), trainable=False, name=f"{name}_{part}"))
        self.quantiles(tf.constant(product), *inputs)

    def scale_by(self, product: Any, recent_units: Any, recent_covariates: Any, known_covariates: Any) -> None:
        """Takes mean and spread of each number from windows, which are as `quantiles` takes them."""
        features = self._features(product, recent_units, recent_covariates, known_covariates)
        for place, numbers in enumerate((features.facts, features.coming)):
            flat = tf.reshape(numbers, [-1, numbers.shape[-1]])
            self._scales[2 * place].assign(tf.reduce_mean(flat, axis=0))
            self._scales[2 * place + 1].assign(tf.math.reduce_std(flat, axis=0) + _LEAST_SPREAD)

    def quantiles(
        self,
        product: Any,
        recent_units: Any,
        recent_covariates: Any,
        known_covariates: Any,
        known_id: Any = None,
        training: bool = False,
    ) -> Any:
        """Returns float32 `(batch, horizon, 9)`, in ascending order and never negative.

        Args:
            product: int32 `(batch,)`: rows of the catalogue, the last row for any other product.
            recent_units: float32 `(batch, w)`; NaN is not known, negative counts as 0.
            recent_covariates: float32 `(batch, w, c)`.
            known_covariates: float32 `(batch, horizon, c)`.
            known_id: bool `(batch,)`: whether what is learned by id is used; None for all.
            training: Whether units are dropped out.
        """
        members = self._answers(product, recent_units, recent_covariates, known_covariates, known_id, training)
        return members[0] if len(members) == 1 else tf.add_n(members) / float(len(members))

    def _answers(
        self,
        product: Any,
        recent_units: Any,
        recent_covariates: Any,
        known_covariates: Any,
        known_id: Any,
        training: bool,
    ) -> list[Any]:
        """Returns the quantiles that each member says."""
        features = self._features(product, recent_units, recent_covariates, known_covariates)
        own = tf.gather(self._own, product)
        if known_id is not None:
            own = tf.where(known_id, own, 0)
        window = Window(
            features.shares,
            features.known,
            recent_covariates,
            known_covariates,
            tf.concat([self._scaled(features.facts, 0), tf.gather(self._vectors, product)], axis=-1),
            self._scaled(features.coming, 2),
            own,
        )
        level = features.level[:, tf.newaxis, tf.newaxis]
        return [member(window, training=training) * level for member in self._members]

    def _features(
        self, product: Any, recent_units: Any, recent_covariates: Any, known_covariates: Any
    ) -> WindowFeatures:
        like = tf.gather(self._levels, product)
        return window_features(recent_units, recent_covariates, known_covariates, like, self._kinds)

    def _scaled(self, numbers: Any, place: int) -> Any:
        mean, spread = self._scales[place : place + 2]
        return tf.clip_by_value((numbers - mean) / spread, -_FURTHEST, _FURTHEST)

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns pinball losses over quantiles and known weeks (Koenker and Bassett, Econometrica 1978).

        Each series counts as `DemandTrainingOptions.volume_weight` says. Each member learns by itself; what they answer
        is averaged.
        """
        members = self._answers(
            batch["product"],
            batch["recent_units"],
            batch["recent_covariates"],
            batch["known_covariates"],
            batch["known_id"],
            training,
        )
        targets, level = batch["targets"], batch["weight_level"]
        finite = tf.math.is_finite(targets)
        known = tf.cast(finite, tf.float32)
        error = tf.where(finite, targets, 0.0)[..., tf.newaxis] - tf.stack(members)
        quantiles = tf.constant(QUANTILES, tf.float32)
        losses = tf.reduce_mean(tf.maximum(quantiles * error, (quantiles - 1.0) * error), axis=(0, -1)) * known
        weight = level ** (self._options.training.volume_weight - 1.0)
        return Losses(tf.reduce_sum(losses * weight[:, tf.newaxis]), tf.reduce_sum(known))
