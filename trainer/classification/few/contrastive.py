"""Teaches an encoder which texts are of one label, before a head learns the labels: for few texts a label."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.classification.examples import LabelledTexts
from trainer.classification.options import ContrastiveOptions
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.fitting.training_length import TrainingLength
from trainer.text.backbone import TextEncoder, tokenize
from trainer.text.token_table import TokenTable

_WEIGHT_DECAY, _CLIP_NORM = 1e-2, 1.0
_NO_PAIR = -1e9


class ContrastiveModel(SoftmaxModel):
    """An encoder whose vectors of one label are to lie together, and those of others apart.

    A batch is a dict of `row` int32 `(batch,)` and `label` int32 `(batch,)`. Of each text the mean, over the others of
    its label in the batch, of the softmax of its cosines with all others; a text without another of its label counts
    nothing.

    Source: Khosla et al., "Supervised contrastive learning", NeurIPS 2020 (the loss); Tunstall et al., "Efficient
    few-shot learning without prompts", 2022 (pairs first, then a head).

    Args:
        encoder: The text encoder.
        token_ids: Ragged int32 `(texts, None)`.
        temperature: Divides cosines.
    """

    def __init__(self, encoder: TextEncoder, token_ids: tf.RaggedTensor, temperature: float) -> None:
        super().__init__(name="contrastive")
        self.text_encoder = encoder
        self._tokens = TokenTable(token_ids, encoder)
        self._temperature = temperature

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a batch has lost."""
        vectors = self.text_encoder.encode_tokens(self._tokens.take(batch["row"]), training=training)
        return contrastive_losses(vectors, batch["label"], self._temperature)


def contrastive_losses(vectors: Any, labels: Any, temperature: float) -> Losses:
    """Returns the loss of float32 `(batch, dimensions)` vectors of length 1 with int32 `(batch,)` labels."""
    scores = tf.matmul(vectors, vectors, transpose_b=True) / temperature
    itself = tf.eye(tf.shape(vectors)[0], dtype=tf.bool)
    log_chances = tf.nn.log_softmax(tf.where(itself, _NO_PAIR, scores), axis=1)
    alike = tf.equal(labels[:, tf.newaxis], labels[tf.newaxis, :]) & ~itself
    count = tf.reduce_sum(tf.cast(alike, tf.float32), axis=1)
    found = tf.reduce_sum(tf.where(alike, log_chances, 0.0), axis=1)
    return weighted_losses(-tf.math.divide_no_nan(found, count), tf.cast(count > 0.0, tf.float32))


def teach_pairs(
    encoder: TextEncoder, learned: LabelledTexts, options: ContrastiveOptions, *, seed: int, log_uri: str
) -> None:
    """Trains all of an encoder on pairs of texts, in place; TensorBoard gets the loss.

    A batch has two texts or more of each of some labels, drawn by the seed, so that there are pairs of both kinds.

    Args:
        encoder: The encoder.
        learned: The training texts.
        options: How long, and how.
        seed: Of the batches and of dropout.
        log_uri: Where TensorBoard's event files go.
    """
    keras.utils.set_random_seed(seed)
    model = ContrastiveModel(encoder, tokenize(encoder, learned.texts), options.temperature)
    schedule = warm_up_and_decay(options.learning_rate, options.steps)
    model.compile(optimizer=adamw(schedule, weight_decay=_WEIGHT_DECAY, clip_norm=_CLIP_NORM), jit_compile=False)
    fit(
        model,
        lambda epoch, first: _batches(learned.labels, options, seed, first),
        length=TrainingLength(options.steps, 1),
        validation=None,
        monitored=None,
        patience=1,
        log_uri=log_uri,
        # It takes a minute or two: what was killed begins again.
        checkpoints=Checkpoints("", 0.0),
    )


def _batches(labels: npt.NDArray[np.int64], options: ContrastiveOptions, seed: int, first: int) -> tf.data.Dataset:
    rows = np.stack(
        [
            pair_rows(labels, options.batch_size, np.random.default_rng([seed, step]))
            for step in range(first, options.steps)
        ]
    )
    columns = {"row": rows.astype(np.int32), "label": labels[rows].astype(np.int32)}
    return tf.data.Dataset.from_tensor_slices(columns)


def pair_rows(labels: npt.NDArray[np.int64], size: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draws `size` rows, an even number, in pairs of one label: labels in turn, in random order."""
    present = np.unique(labels)
    turns = np.resize(random.permutation(present), size // 2)
    rows = [
        random.choice(np.flatnonzero(labels == label), 2, replace=bool((labels == label).sum() < 2))
        for label in turns.tolist()
    ]
    return np.concatenate(rows)
