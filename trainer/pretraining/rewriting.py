"""Texts with some of their words written anew by a masked language model."""

import io
import os
from collections.abc import Sequence
from typing import Any

import keras_nlp
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.text.backbone import TextEncoder, load_trained_encoder

HEAD_FILE = "masked_lm_head.npz"
_TEXTS_AT_ONCE = 64
# A masked piece becomes one of so many that the model finds likeliest.
_CHOICES = 5


class Rewriter:
    """Masks word pieces, and puts in their place what the model finds likely there.

    Source: contextual augmentation by a masked language model as in Wu et al., "Conditional BERT contextual
    augmentation", ICCS 2019, without the label as a condition.

    Args:
        encoder: BERT and its tokenizer.
        model: `keras_nlp.models.BertMaskedLM` on that BERT.
        share: Share of a text's pieces that are masked; one at least.
    """

    def __init__(self, encoder: TextEncoder, model: Any, share: float) -> None:
        self._encoder, self._model, self._share = encoder, model, share
        vocabulary = encoder.tokenizer.get_vocabulary()
        self._special = np.array([piece.startswith("[") and piece.endswith("]") for piece in vocabulary])

    def __call__(self, texts: Sequence[str], random: np.random.Generator) -> list[str]:
        """Returns the texts rewritten: in the tokenizer's spelling, and cut where BERT cuts them."""
        rewritten: list[str] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = self._encoder.token_ids(tf.constant(texts[start : start + _TEXTS_AT_ONCE], tf.string))
            rewritten += self._rewrite(batch.to_tensor(self._encoder.tokenizer.pad_token_id).numpy(), random)
        return rewritten

    def _rewrite(self, token_ids: npt.NDArray[np.int32], random: np.random.Generator) -> list[str]:
        tokenizer = self._encoder.tokenizer
        pieces = ~self._special[token_ids]
        most = max(1, round(self._share * token_ids.shape[1]))
        # Pieces come first, in random order; of a short text fewer than `most` are replaced.
        positions = np.argsort(np.where(pieces, random.random(token_ids.shape), 2.0), axis=1)[:, :most]
        wanted = np.maximum(1, np.round(self._share * pieces.sum(axis=1, keepdims=True)))
        replaced = (np.arange(most) < wanted) & np.take_along_axis(pieces, positions, axis=1)
        masked = token_ids.copy()
        rows, columns = np.nonzero(replaced)
        masked[rows, positions[rows, columns]] = tokenizer.mask_token_id
        inputs = {
            "token_ids": masked,
            "segment_ids": np.zeros_like(masked),
            "padding_mask": token_ids != tokenizer.pad_token_id,
            "mask_positions": positions,
        }
        logits = np.where(self._special, -np.inf, np.asarray(self._model(inputs, training=False)))
        likeliest = np.argpartition(-logits, _CHOICES - 1, axis=-1)[..., :_CHOICES]
        # The highest of logits plus Gumbel noise is a draw from their softmax.
        noisy = np.take_along_axis(logits, likeliest, axis=-1) + random.gumbel(size=likeliest.shape)
        drawn = np.take_along_axis(likeliest, noisy.argmax(axis=-1)[..., np.newaxis], axis=-1)[..., 0]
        made = token_ids.copy()
        made[rows, positions[rows, columns]] = drawn[rows, columns]
        return [str(tokenizer.detokenize(row[~self._special[row]])) for row in made]


def save_masked_lm_head(model: Any, uri: str) -> None:
    """Writes what stands on top of BERT in a `BertMaskedLM`, beside where `save_trained_encoder` writes BERT."""
    # A zip file is not written in one go, which is all that some filesystems can.
    weights = io.BytesIO()
    np.savez(weights, *_head(model).get_weights())
    with tf.io.gfile.GFile(os.path.join(uri, HEAD_FILE), "wb") as stream:
        stream.write(weights.getvalue())


def load_rewriter(uri: str, share: float) -> Rewriter:
    """Loads what `save_trained_encoder` and `save_masked_lm_head` wrote.

    Raises:
        ValueError: There is no encoder, or Keras cannot read it.
    """
    encoder = load_trained_encoder(uri)
    model = keras_nlp.models.BertMaskedLM(backbone=encoder.backbone)
    with tf.io.gfile.GFile(os.path.join(uri, HEAD_FILE), "rb") as stream:
        weights = np.load(io.BytesIO(stream.read()))
    _head(model).set_weights([weights[name] for name in weights.files])
    return Rewriter(encoder, model, share)


def _head(model: Any) -> Any:
    return model.get_layer("mlm_head")
