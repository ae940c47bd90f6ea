"""The Keras model that trains a text encoder with a classification head."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from trainer.classification.head import ClassificationHead
from trainer.classification.options import ClassifierTrainingOptions
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.text.backbone import TextEncoder
from trainer.text.token_table import TokenTable


class TextInputs(NamedTuple):
    """What training reads of the texts, by row.

    Attributes:
        token_ids: Ragged int32 `(texts, None)`.
        vectors: float32 `(texts, dimensions)` where the encoder stays as it is, else None.
        numbers: float32 `(texts, numbers)`.
    """

    token_ids: tf.RaggedTensor
    vectors: tf.Tensor | None
    numbers: tf.Tensor


class ClassifierModel(SoftmaxModel):
    """The encoder, the head and their loss; what is saved is those two, never this model.

    Batches are dicts of `row` int32 `(batch,)`, `label` int32 `(batch,)` and `weight` float32 `(batch,)`. The loss is
    the weighted mean of that of each text.

    Args:
        encoder: The text encoder.
        head: What stands on top of it.
        inputs: The training texts.
        options: The loss.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        head: ClassificationHead,
        inputs: TextInputs,
        options: ClassifierTrainingOptions,
    ) -> None:
        super().__init__(name="classifier")
        self.text_encoder = encoder
        self.head = head
        # Behind a function, since Keras would make lists of ragged tensors that it tracks.
        self.tokens = TokenTable(inputs.token_ids, encoder)
        self.inputs: Callable[[], TextInputs] = lambda: inputs
        self._classes: int = head.logits.units
        self._loss_of_texts = _loss(options)

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a replica's share of a batch has lost."""
        inputs, rows = self.inputs(), batch["row"]
        if inputs.vectors is not None:
            vectors = tf.gather(inputs.vectors, rows)
        else:
            vectors = self.text_encoder.encode_tokens(self.tokens.take(rows), training=training)
        logits = self.head(vectors, tf.gather(inputs.numbers, rows), training=training)
        return weighted_losses(self.losses_of_logits(logits, batch), batch["weight"])

    def losses_of_logits(self, logits: Any, batch: dict[str, Any]) -> Any:
        """Returns the loss of each text of a batch, float32 `(batch,)`, without its weight."""
        return self._loss_of_texts(tf.one_hot(batch["label"], self._classes), logits)


def _loss(options: ClassifierTrainingOptions) -> keras.losses.Loss:
    if options.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0,
            gamma=options.focal_gamma,
            from_logits=True,
            label_smoothing=options.label_smoothing,
            reduction="none",
        )
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=options.label_smoothing, reduction="none"
    )
