"""Masked-language modelling: BERT learns to find the words that are hidden from it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import keras_nlp
import numpy as np
import tensorflow as tf

from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import EpochValidation, fit, parameter_count
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.fitting.training_length import TrainingLength
from trainer.pretraining.masked_texts import MaskedTexts
from trainer.pretraining.options import PretrainingOptions
from trainer.text.backbone import TextEncoder

logger = logging.getLogger(__name__)

_WEIGHT_DECAY = 1e-2
_CLIP_NORM = 1.0
# Batches of the validation split that the loss is taken over.
_EVAL_BATCHES = 20
_POINTS = 20
_PATIENCE = 3
_PERCENTS = "loss_percents"


def new_backbone(vocabulary_size: int, sequence_length: int, options: PretrainingOptions) -> Any:
    """Returns an untrained BERT of the shape that the options name."""
    return keras_nlp.models.BertBackbone(
        vocabulary_size=vocabulary_size,
        num_layers=options.layers,
        num_heads=options.heads,
        hidden_dim=options.dimensions,
        intermediate_dim=4 * options.dimensions,
        max_sequence_length=sequence_length,
    )


class _MaskedLanguageModel(SoftmaxModel):
    """A `keras_nlp.models.BertMaskedLM` and its loss; each piece that is to be found counts alike."""

    def __init__(self, model: Any) -> None:
        super().__init__(name="masked_language")
        self.model = model

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a share of a batch of `MaskedTexts` has lost."""
        inputs = {
            "token_ids": batch["token_ids"],
            "segment_ids": tf.zeros_like(batch["token_ids"]),
            "padding_mask": batch["there"],
            "mask_positions": batch["position"],
        }
        logits = tf.cast(self.model(inputs, training=training), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=batch["piece"], logits=logits)
        return weighted_losses(losses, batch["weight"])


def pretrain(
    encoder: TextEncoder,
    texts: Sequence[str],
    validated: Sequence[str],
    steps: int,
    options: PretrainingOptions,
    *,
    seed: int,
    log_uri: str,
    checkpoint_uri: str = "",
) -> tuple[Any, dict[str, Any]]:
    """Trains the encoder's BERT on texts without labels, in place; TensorBoard gets the loss.

    Args:
        encoder: BERT with its tokenizer.
        texts: What it learns from.
        validated: Texts that it does not learn from.
        steps: Batches to train on at the most: it stops where the loss on `validated` has not fallen by a percent for
            three twentieths of them.
        options: How.
        seed: Of the order, the masks and the dropout.
        log_uri: Where TensorBoard's event files go.
        checkpoint_uri: Where checkpoints go; empty for none.

    Returns:
        The `keras_nlp.models.BertMaskedLM`, and a summary: `steps`, `seconds`, the `loss` at the end, and the loss on
        `validated` before and after.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(seed)
    masked_lm = keras_nlp.models.BertMaskedLM(backbone=encoder.backbone)
    model = _MaskedLanguageModel(masked_lm)
    schedule = warm_up_and_decay(options.learning_rate, steps)
    model.compile(optimizer=adamw(schedule, weight_decay=_WEIGHT_DECAY, clip_norm=_CLIP_NORM), jit_compile=False)
    batch_size = min(options.batch_size, len(texts))
    learned, judged = (
        MaskedTexts(encoder, each, batch_size, options.mask_fraction, seed) for each in (texts, validated)
    )
    epochs = min(steps, _POINTS)
    length = TrainingLength(steps // epochs, epochs)
    before = _loss(model, judged)
    best = fit(
        model,
        lambda epoch, first: learned.from_batch(epoch * length.steps + first),
        length=length,
        validation=_MaskedValidation(model, judged),
        monitored=_PERCENTS,
        patience=_PATIENCE,
        lowest=True,
        log_uri=log_uri,
        checkpoints=Checkpoints(checkpoint_uri, options.checkpoint_minutes),
    )
    summary = {
        "steps": best.epochs * length.steps,
        "loss": best.loss,
        "eval_loss": {"before": before, "after": best.metrics["loss"]},
        "vocabulary": len(encoder.tokenizer.get_vocabulary()),
        "parameters": parameter_count(encoder.backbone.trainable_variables),
        "examples": {"train": len(texts), "eval": len(validated)},
        "seconds": round(time.monotonic() - started, 1),
    }
    logger.info("Masked-language modelling: %s", summary)
    return masked_lm, summary


class _MaskedValidation(EpochValidation):
    """Judges a masked language model: `loss`, and that in whole percents, below which no difference counts."""

    def __init__(self, model: _MaskedLanguageModel, texts: MaskedTexts) -> None:
        self._loss: Callable[[], float] = lambda: _loss(model, texts)

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        loss = self._loss()
        return {"loss": loss, _PERCENTS: float(round(100.0 * np.log(loss)))}


def _loss(model: _MaskedLanguageModel, texts: MaskedTexts) -> float:
    compute = tf.function(lambda batch: model.losses_of(batch, training=False), reduce_retracing=True)
    found = [compute(batch) for batch in texts.in_order(_EVAL_BATCHES)]
    return float(sum(each.total for each in found)) / float(sum(each.weight for each in found))
