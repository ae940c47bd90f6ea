"""The search encoder: one BERT for queries and products, and what was learned on top of it."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.text_embedder import TextEmbedder
from trainer.backbone import TextEncoder, encode_texts, load_trained_encoder, save_trained_encoder
from trainer.keras_files import load_keras, save_keras

_PROJECTION_FILE = "projection.keras"


class SearchEncoder(NamedTuple):
    """Embeds queries and products alike.

    Attributes:
        text_encoder: BERT with its tokenizer.
        projection: Maps its vectors `(batch, dimensions)` to vectors of length 1; None where BERT itself was trained.
    """

    text_encoder: TextEncoder
    projection: keras.Model | None

    def embed(self, texts: Sequence[str], batch_size: int) -> npt.NDArray[np.float32]:
        """Embeds many texts, float32 `(texts, dimensions)`."""
        return self.project(encode_texts(self.text_encoder, texts, batch_size))

    def project(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Applies what was learned on top of BERT, if anything, to BERT's vectors."""
        if self.projection is None or not len(vectors):
            return vectors
        return np.concatenate(
            [self.projection(vectors[start : start + 8192]).numpy() for start in range(0, len(vectors), 8192)]
        )


def residual_projection(dimensions: int) -> keras.Model:
    """Returns a model of vectors that changes nothing yet: `l2_normalize(x + W x)` with W of zeros."""
    inputs = keras.Input([dimensions])
    change = keras.layers.Dense(dimensions, use_bias=False, kernel_initializer="zeros", name="change")(inputs)
    changed = keras.layers.Add()([inputs, change])
    return keras.Model(inputs, keras.layers.UnitNormalization()(changed), name="projection")


def text_embedder(encoder: SearchEncoder) -> TextEmbedder:
    """Returns the encoder as plain TensorFlow, to be saved in a served model."""
    text_encoder, projection = encoder
    tokenizer = text_encoder.tokenizer
    unknowing = [tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id, _unknown_id(tokenizer)]

    def encode(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        token_ids = text_encoder.token_ids(texts).to_tensor(tokenizer.pad_token_id)
        knows = tf.reduce_all(token_ids[:, :, tf.newaxis] != tf.constant(unknowing, tf.int32), axis=2)
        vectors = text_encoder.encode_tokens(token_ids)
        if projection is not None:
            vectors = projection(vectors)
        return vectors, tf.reduce_any(knows, axis=1)

    models = [text_encoder.backbone, *([projection] if projection is not None else [])]
    return TextEmbedder(encode, [variable.value for model in models for variable in model.variables])


def save_encoder(encoder: SearchEncoder, uri: str) -> None:
    """Writes both parts under `uri`."""
    save_trained_encoder(encoder.text_encoder, uri)
    if encoder.projection is not None:
        save_keras(encoder.projection, os.path.join(uri, _PROJECTION_FILE))


def load_encoder(uri: str) -> SearchEncoder:
    """Reads what `save_encoder` wrote.

    Raises:
        ValueError: There is no encoder, or Keras cannot read it.
    """
    return SearchEncoder(
        text_encoder=load_trained_encoder(uri),
        projection=load_keras(os.path.join(uri, _PROJECTION_FILE), optional=True),
    )


def _unknown_id(tokenizer: Any) -> int:
    return int(tokenizer.token_to_id("[UNK]"))
