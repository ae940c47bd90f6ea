"""The served model of demand: its signature, as clients of stock TF Serving see it."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.signatures import Specs, batch_of, trace
from serving.signature_names import SERVING_DEFAULT

# Quantiles of product rows, recent units, recent covariates and known covariates.
Quantiles = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


class DemandModule(tf.Module):
    """Answers quantiles of the coming weeks' units.

    A product that the catalogue lacks gets an answer: what the model says of a product that it knows nothing of but
    its recent units; one without recent units is told from products with texts like its own.

    Args:
        product_ids: Of the catalogue, in order.
        quantiles: The network; its last row of products is any other product.
        variables: What the network holds.
        weeks: Recent weeks that it reads.
        horizon: Weeks that it answers.
        covariates: Covariates of a week; where there are none the signature has no inputs for them.
    """

    def __init__(
        self,
        product_ids: Sequence[bytes],
        quantiles: Quantiles,
        variables: Sequence[Any],
        *,
        weeks: int,
        horizon: int,
        covariates: int,
    ) -> None:
        super().__init__(name="demand")
        self._lookup = IdLookup(product_ids, "product_id")
        self._unknown = len(product_ids)
        self._weeks, self._horizon, self._covariates = weeks, horizon, covariates
        # Behind a plain function what it holds is not tracked: only these variables go into the SavedModel.
        self._quantiles: Callable[[], Quantiles] = lambda: quantiles
        self._network_variables = list(variables)

    def signatures(self) -> dict[str, Any]:
        """Traces the signature, to be handed to `tf.saved_model.save` with this module."""
        inputs: Specs = {
            **batch_of("product_ids", tf.string),
            **batch_of("recent_units", tf.float32, self._weeks),
        }
        if not self._covariates:
            return trace({SERVING_DEFAULT: (self.without_covariates, inputs)})
        inputs |= batch_of("recent_covariates", tf.float32, self._weeks, self._covariates)
        inputs |= batch_of("known_covariates", tf.float32, self._horizon, self._covariates)
        return trace({SERVING_DEFAULT: (self.demand, inputs)})

    def demand(
        self,
        product_ids: tf.Tensor,
        recent_units: tf.Tensor,
        recent_covariates: tf.Tensor,
        known_covariates: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Signature `serving_default`.

        Args:
            product_ids: string `(n,)`.
            recent_units: float32 `(n, w)`, the newest week last; NaN is a week of which nothing is known, and a
                negative number counts as 0.
            recent_covariates: float32 `(n, w, c)` of the same weeks; what is not finite counts as 0.
            known_covariates: float32 `(n, h, c)` of the coming weeks, likewise.

        Returns:
            `quantiles`, float32 `(n, h, 9)`: 0.1 to 0.9, in ascending order and never negative.
        """
        place = self._lookup.index_of(product_ids)
        place = tf.where(place < 0, self._unknown, place)
        covariates = (tf.where(tf.math.is_finite(each), each, 0.0) for each in (recent_covariates, known_covariates))
        return {"quantiles": self._quantiles()(place, recent_units, *covariates)}

    def without_covariates(self, product_ids: tf.Tensor, recent_units: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default` of a shop that knows nothing of the weeks but units."""
        rows = tf.shape(recent_units)[0]
        nothing = (tf.zeros([rows, weeks, 0]) for weeks in (self._weeks, self._horizon))
        return self.demand(product_ids, recent_units, *nothing)
