"""The search encoder: one BERT for queries and products, and what was learned on top of it."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.text_embedder import TextEmbedder
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.search.token_head import TokenHead, token_rarity
from trainer.text.backbone import TextEncoder, encode_token_ids, load_trained_encoder, save_trained_encoder, tokenize
from trainer.text.inference_bert import InferenceBert

_HEAD_FILE = "token_head.keras"
_TEXTS_AT_ONCE = 8192

Vectors = npt.NDArray[np.float32]


class SearchEncoder(NamedTuple):
    """Embeds queries and products alike.

    Attributes:
        text_encoder: BERT with its tokenizer.
        head: What was learned on top of it; None where BERT itself was trained.
    """

    text_encoder: TextEncoder
    head: TokenHead | None

    def token_ids(self, texts: Sequence[str]) -> tf.RaggedTensor:
        """Tokenizes many texts into ragged int32 `(texts, None)`."""
        return tokenize(self.text_encoder, texts)

    def embed(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """Embeds many texts, float32 `(texts, dimensions)`."""
        token_ids = self.token_ids(texts)
        return self.finish(encode_token_ids(self.text_encoder, token_ids, batch_size), token_ids)

    def embedder(self) -> TextEmbedder:
        """Returns the encoder as plain TensorFlow, to be saved in a served model."""
        return text_embedder(self)

    def finish(self, vectors: Vectors, token_ids: tf.RaggedTensor) -> Vectors:
        """Applies the head, if there is one, to BERT's vectors of some texts.

        Args:
            vectors: float32 `(texts, dimensions)`.
            token_ids: int32 `(texts, None)` of the same texts.
        """
        if self.head is None or not len(vectors):
            return vectors
        padding = self.text_encoder.tokenizer.pad_token_id
        finished = np.empty_like(vectors)
        for start in range(0, len(vectors), _TEXTS_AT_ONCE):
            rows = slice(start, start + _TEXTS_AT_ONCE)
            finished[rows] = self.head(vectors[rows], token_ids[rows].to_tensor(padding)).numpy()
        return finished


def special_tokens(text_encoder: TextEncoder) -> list[int]:
    """Returns the tokens that say nothing of a text: [PAD], [CLS], [SEP] and [UNK]."""
    tokenizer = text_encoder.tokenizer
    return [
        tokenizer.pad_token_id,
        tokenizer.cls_token_id,
        tokenizer.sep_token_id,
        int(tokenizer.token_to_id("[UNK]")),
    ]


def new_head(text_encoder: TextEncoder, text_token_ids: tf.RaggedTensor) -> TokenHead:
    """Returns an untrained head.

    Args:
        text_encoder: What it stands on.
        text_token_ids: int32 `(texts, None)` of the catalogue's texts, which say how rare each token is.
    """
    embeddings = text_encoder.backbone.token_embedding.embeddings.numpy()
    head = TokenHead(dimensions=text_encoder.dimensions, vocabulary_size=len(embeddings))
    head.start(embeddings, token_rarity(text_token_ids, len(embeddings), special_tokens(text_encoder)))
    return head


def text_embedder(encoder: SearchEncoder) -> TextEmbedder:
    """Returns the encoder as plain TensorFlow, to be saved in a served model."""
    text_encoder, head = encoder
    bert = InferenceBert(text_encoder.backbone)
    padding = text_encoder.tokenizer.pad_token_id
    special = tf.constant(special_tokens(text_encoder), tf.int32)

    def encode(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        token_ids = text_encoder.token_ids(texts).to_tensor(padding)
        says_something = tf.reduce_all(token_ids[:, :, tf.newaxis] != special, axis=2)
        vectors = bert(token_ids, token_ids != padding).means(tf.shape(token_ids)[0])
        if head is not None:
            vectors = head(vectors, token_ids)
        return vectors, tf.reduce_any(says_something, axis=1)

    learned = [variable.value for variable in head.variables] if head is not None else []
    return TextEmbedder(encode, [*bert.variables, *learned])


def save_encoder(encoder: SearchEncoder, uri: str) -> None:
    """Writes both parts under `uri`."""
    save_trained_encoder(encoder.text_encoder, uri)
    if encoder.head is not None:
        save_keras(encoder.head, os.path.join(uri, _HEAD_FILE))


def load_encoder(uri: str) -> SearchEncoder:
    """Reads what `save_encoder` wrote.

    Raises:
        ValueError: There is no encoder, or Keras cannot read it.
    """
    return SearchEncoder(
        text_encoder=load_trained_encoder(uri), head=load_keras(os.path.join(uri, _HEAD_FILE), optional=True)
    )
