"""The network that all series share: what was sold and what is planned in, quantiles of what will be sold out."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.demand.options import QUANTILES, DemandOptions
from trainer.demand.product_facts import ProductFacts
from trainer.fitting.softmax_model import Losses, SoftmaxModel

# Weeks that the level of a product's like counts for, beside its own weeks.
_LIKE_WEEKS = 0.5
# Units a week below which levels are not told apart.
_LEAST_LEVEL = 0.05
# How far apart two weeks may be in what is planned for them to count as alike: a few widths of a Gaussian.
_ALIKE = (0.05, 0.2, 0.8)
# Weeks whose mean the network is told.
_MEANS = (1, 4, 8, 13)
# Before training: the first quantile at a third of the level, and each next one a ninth further.
_FIRST_BIAS, _STEP_BIAS = -1.0, -2.0


class DemandMember(keras.layers.Layer):
    """One network: attention of each coming week to the past ones, beside an encoding of the whole window.

    A coming week asks the past ones by what is planned for it, so that a promotion finds what earlier promotions of the
    same product brought. All units are shares of the series' level, and the answer is multiplied by it.

    Args:
        options: Sizes.
        rows: Rows of what is learned by id.
    """

    def __init__(self, options: DemandOptions, rows: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        network, width = options.network, options.network.width
        layers = keras.layers
        self._own = layers.Embedding(
            rows, network.id_width, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.01), name="own"
        )
        # Weeks are many, so the attention to them is half as wide: it takes most of the time all the same.
        narrow = max(4, width // 2)
        self._token = layers.Dense(narrow, activation="relu", name="token")
        self._window = layers.Dense(2 * width, activation="relu", name="window")
        self._window_out = layers.Dense(width, name="window_out")
        self._query = layers.Dense(narrow, activation="relu", name="query")
        self._attention = layers.MultiHeadAttention(network.heads, max(1, narrow // network.heads), name="attention")
        self._norm = layers.LayerNormalization(name="norm")
        self._hidden = layers.Dense(2 * width, activation="relu", name="hidden")
        bias = np.array([_FIRST_BIAS, *[_STEP_BIAS] * (len(QUANTILES) - 1)], np.float32)
        self._out = layers.Dense(len(QUANTILES), bias_initializer=keras.initializers.Constant(bias), name="out")
        self._dropouts = [layers.Dropout(network.dropout, name=f"dropout_{place}") for place in range(2)]
        self._weeks, self._horizon = options.history_weeks, options.horizon

    def call(self, window: Mapping[str, Any], own: Any, training: bool = False) -> Any:
        """Returns quantiles as shares of the level, `(batch, horizon, 9)`, in ascending order.

        Args:
            window: Of `DemandNetwork.scaled`.
            own: int32 `(batch,)`: rows of what is learned by id; 0 where nothing is.
            training: Whether units are dropped out.
        """
        coming, past = window["coming"], window["past"]
        facts = tf.concat([window["facts"], self._own(own)], axis=-1)
        tokens = self._token(past)
        flat = tf.concat([tf.reshape(past, [-1, self._weeks * past.shape[-1]]), facts], axis=-1)
        encoded = self._window_out(self._dropouts[0](self._window(flat), training=training))
        steps = tf.repeat(tf.eye(self._horizon, dtype=encoded.dtype)[tf.newaxis], tf.shape(encoded)[0], axis=0)
        of_window = tf.repeat(tf.concat([encoded, facts], axis=-1)[:, tf.newaxis], self._horizon, axis=1)
        asked = tf.concat([of_window, coming, steps], axis=-1)
        query = self._query(asked)
        found = self._norm(query + self._attention(query, tokens))
        hidden = self._dropouts[1](self._hidden(tf.concat([found, asked], axis=-1)), training=training)
        return tf.cumsum(tf.nn.softplus(self._out(hidden)), axis=-1)


class DemandNetwork(SoftmaxModel):
    """Answers quantiles of the coming weeks' units; only its export is saved.

    Args:
        options: Sizes, and how it learns.
        facts: What is known of each product.
    """

    def __init__(self, options: DemandOptions, facts: ProductFacts) -> None:
        super().__init__("demand")
        self._options = options
        self._vectors = tf.Variable(facts.vectors, trainable=False, name="vectors")
        self._levels = tf.Variable(facts.levels, trainable=False, name="levels")
        self._own = tf.Variable(facts.own.astype(np.int32), trainable=False, name="own")
        rows = int(facts.own.max()) + 1
        self._members = [DemandMember(options, rows, name=f"member_{n}") for n in range(options.network.members)]

    @property
    def unknown_product(self) -> int:
        """The row of any product that the catalogue lacks."""
        return int(self._levels.shape[0]) - 1

    @property
    def product_tables(self) -> list[Any]:
        """What is known of each product, which is looked up and not learned."""
        return [self._vectors, self._levels, self._own]

    def build_with(self, covariates: int) -> None:
        """Makes the weights, by asking the network about a product that is unknown."""
        weeks, horizon = self._options.history_weeks, self._options.horizon
        self.quantiles(
            tf.constant([self.unknown_product]),
            tf.zeros([1, weeks]),
            tf.zeros([1, weeks, covariates]),
            tf.zeros([1, horizon, covariates]),
        )

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
        window = self.scaled(product, recent_units, recent_covariates, known_covariates)
        own = tf.gather(self._own, product)
        if known_id is not None:
            own = tf.where(known_id, own, 0)
        shares = [member(window, own, training=training) for member in self._members]
        mean = shares[0] if len(shares) == 1 else tf.add_n(shares) / float(len(shares))
        return tf.cast(mean, tf.float32) * window["level"][:, tf.newaxis, tf.newaxis]

    def scaled(self, product: Any, recent_units: Any, recent_covariates: Any, known_covariates: Any) -> dict[str, Any]:
        """Returns what members read: units as shares of the level, which is `level`, float32 `(batch,)`."""
        known = tf.math.is_finite(recent_units)
        units = tf.where(known, tf.maximum(recent_units, 0.0), 0.0)
        there = tf.cast(known, tf.float32)
        weeks = tf.reduce_sum(there, axis=1)
        like = tf.gather(self._levels, product)
        level = (tf.reduce_sum(units, axis=1) + _LIKE_WEEKS * like) / (weeks + _LIKE_WEEKS)
        level = tf.maximum(level, _LEAST_LEVEL)
        shares = tf.math.log1p(units / level[:, tf.newaxis]) * there
        age = tf.range(self._options.history_weeks, dtype=tf.float32) / float(self._options.history_weeks)
        parts = [shares, tf.cast(units > 0.0, tf.float32), there, age * tf.ones_like(shares)]
        plain = units / level[:, tf.newaxis]
        # A display in few stores is nearer to one in many than to none: roots tell small shares apart.
        past = tf.concat([tf.stack(parts, axis=-1), recent_covariates, _roots(recent_covariates)], axis=-1)
        numbers = [tf.math.log(level), tf.math.log1p(like), weeks / float(self._options.history_weeks)]
        for last in _MEANS:
            total, count = (tf.reduce_sum(each[:, -last:], axis=1) for each in (plain, there))
            numbers.append(tf.math.log1p(tf.math.divide_no_nan(total, count)))
        facts = tf.concat([tf.stack(numbers, axis=-1), tf.gather(self._vectors, product)], axis=-1)
        alike = alike_weeks(plain, there, recent_covariates, known_covariates)
        coming = tf.concat([known_covariates, _roots(known_covariates), alike], axis=-1)
        return {"past": past, "coming": coming, "facts": facts, "level": level}

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns pinball losses over quantiles and known weeks (Koenker and Bassett, Econometrica 1978).

        Each series counts as `DemandTrainingOptions.volume_weight` says.
        """
        found = self.quantiles(
            batch["product"],
            batch["recent_units"],
            batch["recent_covariates"],
            batch["known_covariates"],
            batch["known_id"],
            training,
        )
        targets, level = batch["targets"], batch["weight_level"]
        known = tf.cast(tf.math.is_finite(targets), tf.float32)
        error = tf.where(tf.math.is_finite(targets), targets, 0.0)[..., tf.newaxis] - found
        quantiles = tf.constant(QUANTILES, tf.float32)
        losses = tf.reduce_mean(tf.maximum(quantiles * error, (quantiles - 1.0) * error), axis=-1) * known
        weight = level ** (self._options.training.volume_weight - 1.0)
        return Losses(tf.reduce_sum(losses * weight[:, tf.newaxis]), tf.reduce_sum(known))


def _roots(covariates: Any) -> Any:
    return tf.sign(covariates) * tf.sqrt(tf.abs(covariates))


def alike_weeks(shares: Any, known: Any, recent_covariates: Any, known_covariates: Any) -> Any:
    """Returns what was sold in past weeks that were planned like each coming one (Nadaraya and Watson, 1964).

    The mean over the past weeks, weighed by a Gaussian of the distance between covariates, for three widths of it; and
    the sum of the weights, which says how many such weeks there were.

    Args:
        shares: float32 `(batch, w)`: units as shares of the level.
        known: float32 `(batch, w)`: 1 where they are known.
        recent_covariates: float32 `(batch, w, c)`.
        known_covariates: float32 `(batch, horizon, c)`.

    Returns:
        float32 `(batch, horizon, 6)`, logarithms of one more than each.
    """
    apart = tf.reduce_sum(
        tf.math.squared_difference(known_covariates[:, :, tf.newaxis], recent_covariates[:, tf.newaxis]), axis=-1
    )
    found = []
    for width in _ALIKE:
        weights = tf.exp(-apart / (2.0 * width**2)) * known[:, tf.newaxis]
        total = tf.reduce_sum(weights, axis=-1)
        mean = tf.math.divide_no_nan(tf.reduce_sum(weights * shares[:, tf.newaxis], axis=-1), total)
        found += [tf.math.log1p(mean), tf.math.log1p(total)]
    return tf.stack(found, axis=-1)
