"""Trains a classifier so that it says little of any one text, or user."""

import secrets
from typing import Any

import tensorflow as tf

from trainer.classification.head import ClassificationHead
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import ClassifierTrainingOptions
from trainer.privacy.clipping import clipped_sums, noisy_means
from trainer.privacy.model import check_one_device
from trainer.privacy.options import PrivacyOptions
from trainer.privacy.recorder import LayerRecorder
from trainer.text.backbone import TextEncoder
from trainer.text.unpadded_bert import token_vectors


class PrivateClassifierModel(ClassifierModel):
    """A `ClassifierModel` whose steps are those of DP-SGD: gradients of each user are clipped, then noise is added.

    Batches are those of `PoissonBatches`, in which a text that names no user counts as one. There is no dropout, which
    would only add more noise. Without noise, and with a norm that no gradient reaches, a step is that of a
    `ClassifierModel` without dropout.

    Args:
        encoder: The text encoder, frozen or with LoRA.
        head: What stands on top of it.
        inputs: The training texts.
        options: The loss.
        privacy: The norm, and the noise.
        expected: Texts of a batch on average.
        noise_seed: Of the noise. Who knows it can take the noise away, so it is a secret unless one is given.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        head: ClassificationHead,
        inputs: TextInputs,
        options: ClassifierTrainingOptions,
        *,
        privacy: PrivacyOptions,
        expected: float,
        noise_seed: int | None = None,
    ) -> None:
        check_one_device()
        super().__init__(encoder, head, inputs, options)
        self._privacy, self._expected = privacy, expected
        self._noise_seed = secrets.randbits(62) if noise_seed is None else noise_seed

    def gradients(self, batch: dict[str, Any]) -> tuple[Any, list[Any]]:
        """Returns the mean loss of a batch, and the noisy mean of its clipped gradients, scaled for the optimizer."""
        with tf.GradientTape() as tape:
            recorder = LayerRecorder()
            losses = batch["weight"] * self.losses_of_logits(self._logits(batch["row"], recorder), batch)
            total = tf.reduce_sum(losses)
        variables = self.trainable_variables
        of_texts = recorder.gradients(tape, total, variables, tf.shape(losses)[0])
        units, count = batch["unit"], tf.reduce_max(batch["unit"]) + 1
        of_units = [tf.math.unsorted_segment_sum(each, units, count) for each in of_texts]
        sums = clipped_sums(of_units, self._privacy.l2_clip)
        means = noisy_means(sums, self._privacy, self._expected, self._noise_seed, self.optimizer.iterations)
        loss = tf.math.divide_no_nan(total, tf.reduce_sum(batch["weight"]))
        return loss, [self.optimizer.scale_loss(mean) for mean in means]

    def _logits(self, rows: Any, recorder: LayerRecorder) -> Any:
        inputs = self.inputs()
        if inputs.vectors is not None:
            vectors = tf.gather(inputs.vectors, rows)
        else:
            tokens = self.tokens.take(rows)
            mask = tf.not_equal(tokens, self.text_encoder.tokenizer.pad_token_id)
            encoded = token_vectors(
                self.text_encoder.backbone,
                tokens,
                mask,
                training=False,
                layers=self.text_encoder.layers_read,
                calls=recorder,
            )
            vectors = encoded.means(tf.shape(rows)[0])
        return self.head.classify_by(recorder.of_texts, vectors, tf.gather(inputs.numbers, rows))
