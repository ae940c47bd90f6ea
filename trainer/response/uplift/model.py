"""The Keras model that trains an uplift network."""

from typing import Any

import keras
import tensorflow as tf

from trainer.fitting.softmax_model import SoftmaxModel, weighted_mean
from trainer.response.uplift.loss import uplift_loss


class UpliftModel(SoftmaxModel):
    """Body, heads and their loss; what is saved is those two, never this model.

    Batches are dicts of what the body reads, `outcome` float32 `(batch,)`, `contrasts` float32 `(batch, treatments)`
    and `weight` float32 `(batch,)`.

    Args:
        body: Features to a vector; see `trainer.response.body.ResponseBody`.
        heads: What stands on it; see `UpliftHeads`.
        scale: Of the regression on the uplift; see `contrast_scale`.
        replicas: Replicas that a batch is divided over.
    """

    def __init__(self, body: keras.layers.Layer, heads: keras.layers.Layer, scale: float, replicas: int = 1) -> None:
        super().__init__(replicas, name="uplift")
        self.body = body
        self.heads = heads
        self._scale = scale

    def softmax_loss(self, batch: dict[str, Any], training: bool) -> Any:
        """Returns the loss of a batch, a float32 scalar."""
        logit, added = self.heads(self.body(batch, training=training))
        losses = uplift_loss(batch["outcome"], logit, added, batch["contrasts"], self._scale)
        return tf.add_n([weighted_mean(losses, batch["weight"]), *self.body.losses, *self.heads.losses])
