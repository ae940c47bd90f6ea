"""Masked-language modelling: BERT learns to find the words that are hidden from it."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import keras
import keras_nlp
import tensorflow as tf

from trainer.fitting.fit import parameter_count
from trainer.fitting.fit_progress import FitProgress
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.pretraining.options import PretrainingOptions
from trainer.text.backbone import TextEncoder

logger = logging.getLogger(__name__)

_WEIGHT_DECAY = 1e-2
_CLIP_NORM = 1.0
# Batches of the validation split that the loss is taken over.
_EVAL_BATCHES = 20
_POINTS = 20


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


def pretrain(
    encoder: TextEncoder,
    texts: Sequence[str],
    validated: Sequence[str],
    steps: int,
    options: PretrainingOptions,
    *,
    seed: int,
    log_uri: str,
) -> tuple[Any, dict[str, Any]]:
    """Trains the encoder's BERT on texts without labels, in place; TensorBoard gets the loss.

    Of the word pieces that are to be found four in five are masked, one in ten is another one and one in ten stands
    there as it is (Devlin et al., "BERT", NAACL 2019).

    Args:
        encoder: BERT with its tokenizer.
        texts: What it learns from.
        validated: Texts that it does not learn from.
        steps: Batches to train on.
        options: How.
        seed: Of the order, the masks and the dropout.
        log_uri: Where TensorBoard's event files go.

    Returns:
        The `keras_nlp.models.BertMaskedLM`, and a summary: `steps`, `seconds`, the `loss` at the end, and the loss on
        `validated` before and after.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(seed)
    length = encoder.sequence_length
    preprocessor = keras_nlp.models.BertMaskedLMPreprocessor(
        encoder.tokenizer,
        sequence_length=length,
        mask_selection_rate=options.mask_fraction,
        mask_selection_length=max(2, round(length * options.mask_fraction)),
    )
    model = keras_nlp.models.BertMaskedLM(backbone=encoder.backbone, preprocessor=preprocessor)
    schedule = warm_up_and_decay(options.learning_rate, steps)
    optimizer = adamw(schedule, weight_decay=_WEIGHT_DECAY, clip_norm=_CLIP_NORM)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)
    batch_size = min(options.batch_size, len(texts))
    learned = tf.data.Dataset.from_tensor_slices(list(texts)).shuffle(len(texts), seed=seed).repeat().batch(batch_size)
    eval_batches = tf.data.Dataset.from_tensor_slices(list(validated)).batch(batch_size).take(_EVAL_BATCHES)
    before = _loss(model, eval_batches)
    epochs = min(steps, _POINTS)
    history = model.fit(
        learned,
        epochs=epochs,
        steps_per_epoch=steps // epochs,
        shuffle=False,
        callbacks=[keras.callbacks.TensorBoard(log_uri, write_graph=False), FitProgress()],
        verbose=0,
    )
    summary = {
        "steps": steps // epochs * epochs,
        "loss": float(history.history["loss"][-1]),
        "eval_loss": {"before": before, "after": _loss(model, eval_batches)},
        "vocabulary": len(encoder.tokenizer.get_vocabulary()),
        "parameters": parameter_count(encoder.backbone.trainable_variables),
        "examples": {"train": len(texts), "eval": len(validated)},
        "seconds": round(time.monotonic() - started, 1),
    }
    logger.info("Masked-language modelling: %s", summary)
    return model, summary


def _loss(model: Any, batches: tf.data.Dataset) -> float:
    return float(model.evaluate(batches, return_dict=True, verbose=0)["loss"])
