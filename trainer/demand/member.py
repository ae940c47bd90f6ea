"""One network of those whose quantiles are averaged."""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from trainer.demand.options import QUANTILES, DemandNetworkOptions
from trainer.demand.window_features import CovariateKinds, roots

# How fast the weight of past weeks fades in each of the levels that are told from weeks without their promotions:
# logits of what is left of it a week later.
_FADING = (3.0, 1.5, -1.0)
# Weeks that a level begins with as long as nothing is known.
_PRIOR_WEEKS = 0.5
# A promotion multiplies or divides units by no more than e to this.
_MOST_LIFT = 3.0
# Before training: the first quantile at a third of the level, and each next one a ninth further.
_FIRST_BIAS, _STEP_BIAS = -1.0, -2.0


class Window(NamedTuple):
    """What members read, all float32 but `own`.

    Attributes:
        shares: `(batch, w)`: units of the past weeks as shares of the level.
        known: `(batch, w)`: 1 where they are known.
        past: `(batch, w, c)`: covariates of the past weeks.
        planned: `(batch, h, c)`: of the coming ones.
        facts: `(batch, f)`: numbers of the past, of about size 1.
        coming: `(batch, h, g)`: numbers of each coming week, likewise.
        own: int32 `(batch,)`: rows of what is learned by id; 0 where nothing is.
    """

    shares: Any
    known: Any
    past: Any
    planned: Any
    facts: Any
    coming: Any
    own: Any


class DemandMember(keras.layers.Layer):
    """Learns what promotions and prices multiply a product's units by, and then what else tells the coming weeks.

    A week's lift comes from its covariates and from what is learned of the product. What past weeks sold, divided by
    their lifts, is the level without promotions, which the lift of a coming week multiplies again: so a promotion's end
    is no fall of the demand. The rest is a network over the numbers of the window, wide and deep (Cheng et al., "Wide &
    deep learning for recommender systems", 2016).

    Args:
        options: Sizes.
        rows: Rows of what is learned by id.
        kinds: Which covariates of a week are what.
    """

    def __init__(self, options: DemandNetworkOptions, rows: int, kinds: CovariateKinds, **arguments: Any) -> None:
        super().__init__(**arguments)
        layers, width = keras.layers, options.width
        self._own = layers.Embedding(
            rows, options.id_width, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.01), name="own"
        )
        self._lifted, self._planned = kinds.total > 0, kinds.planned
        if self._lifted:
            self._lift_week = layers.Dense(options.lift_width, name="lift_week")
            self._lift_own = layers.Dense(options.lift_width, use_bias=False, name="lift_own")
            small = keras.initializers.RandomNormal(stddev=0.05)
            self._lift_out = layers.Dense(1, kernel_initializer=small, name="lift_out")
        he = keras.initializers.HeNormal()
        self._facts_in = layers.Dense(width, kernel_initializer=he, name="facts_in")
        self._coming_in = layers.Dense(width, use_bias=False, kernel_initializer=he, name="coming_in")
        self._deeper = [
            layers.Dense(width, activation="relu", kernel_initializer=he, name=f"deeper_{place}")
            for place in range(options.layers - 1)
        ]
        self._dropouts = [layers.Dropout(options.dropout, name=f"dropout_{place}") for place in range(options.layers)]
        bias = np.array([_FIRST_BIAS, *[_STEP_BIAS] * (len(QUANTILES) - 1)], np.float32)
        # Training begins with the level and its lift alone: what is added at random would have to be unlearned first.
        little = keras.initializers.RandomNormal(stddev=0.01)
        self._out = layers.Dense(
            len(QUANTILES),
            kernel_initializer=little,
            bias_initializer=keras.initializers.Constant(bias),
            name="out",
        )
        self._facts_out, self._coming_out = (
            layers.Dense(len(QUANTILES), use_bias=False, kernel_initializer=little, name=name)
            for name in ("facts_out", "coming_out")
        )

    def build(self, input_shape: Any = None) -> None:
        """Makes the fading of the levels; all other weights come with the first call."""
        self._fading = self.add_weight(
            shape=(len(_FADING),), initializer=keras.initializers.Constant(_FADING), name="fading_bias"
        )
        self.built = True

    def call(self, window: Window, training: bool = False) -> Any:
        """Returns quantiles as shares of the level, `(batch, h, 9)`, in ascending order."""
        own = self._own(window.own)
        levels, lift = self._levels(window, own)
        facts = tf.concat([window.facts, own, tf.cast(tf.math.log(levels), own.dtype)], axis=-1)
        hidden = tf.nn.relu(self._facts_in(facts)[:, tf.newaxis] + self._coming_in(window.coming))
        for dropout, deeper in zip(self._dropouts, self._deeper, strict=False):
            hidden = dropout(hidden, training=training)
            hidden += deeper(hidden)
        out = self._out(self._dropouts[-1](hidden, training=training))
        out += self._facts_out(facts)[:, tf.newaxis] + self._coming_out(window.coming)
        steps = tf.nn.softplus(tf.cast(out, tf.float32))
        return tf.cumsum(steps, axis=-1) * (levels[:, :1] * lift)[:, :, tf.newaxis]

    def _levels(self, window: Window, own: Any) -> tuple[Any, Any]:
        """Returns levels without promotions, `(batch, 3)`, and the lifts of the coming weeks, `(batch, h)`; float32."""
        weeks = int(window.shares.shape[1])
        shares, known = (tf.cast(each, tf.float32) for each in (window.shares, window.known))
        past, coming = (self._lift(each, own) for each in (window.past, window.planned))
        left = tf.sigmoid(tf.cast(self._fading, tf.float32))[:, tf.newaxis] ** tf.range(weeks - 1.0, -1.0, -1.0)
        sold = tf.linalg.matmul(known * shares, left, transpose_b=True)
        lifted = tf.linalg.matmul(known * past, left, transpose_b=True)
        return (sold + _PRIOR_WEEKS) / (lifted + _PRIOR_WEEKS), coming

    def _lift(self, covariates: Any, own: Any) -> Any:
        """Returns what weeks multiply units by, float32 `(batch, weeks)`."""
        if not self._lifted:
            return tf.ones(tf.shape(covariates)[:2])
        planned = tf.gather(covariates, tf.constant(self._planned, tf.int32), axis=2)
        both = tf.concat([covariates, roots(planned)], axis=-1)
        hidden = tf.nn.relu(self._lift_week(both) + self._lift_own(own)[:, tf.newaxis])
        logarithm = tf.cast(self._lift_out(hidden)[..., 0], tf.float32)
        return tf.exp(tf.clip_by_value(logarithm, -_MOST_LIFT, _MOST_LIFT))
