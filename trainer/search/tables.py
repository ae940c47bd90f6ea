"""What the encoder reads of queries and texts: their token ids, or their vectors where BERT stays as it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.backbone import encode_texts, encode_token_ids
from trainer.search.encoder import SearchEncoder

_TEXTS_AT_ONCE = 8192


class EncoderInputs:
    """Makes tables of texts that a training step can look rows up in, and embeds them with the encoder as it is now.

    A table is a float32 tensor `(texts, dimensions)` of BERT's vectors where BERT stays as it is, else a ragged int32
    tensor `(texts, None)` of token ids. Memory grows with the texts.

    Args:
        encoder: The encoder, before or while it is trained.
        batch_size: Texts encoded at once.
    """

    def __init__(self, encoder: SearchEncoder, batch_size: int) -> None:
        self._encoder = encoder
        self._batch_size = batch_size

    def table(self, texts: Sequence[str], vectors: npt.NDArray[np.float32] | None = None) -> Any:
        """Returns the table of some texts; `vectors` are BERT's, where they are there already."""
        if self._encoder.projection is not None:
            known = encode_texts(self._encoder.text_encoder, texts, self._batch_size) if vectors is None else vectors
            return tf.constant(known)
        parts = [
            self._encoder.text_encoder.token_ids(tf.constant(list(texts[start : start + _TEXTS_AT_ONCE]), tf.string))
            for start in range(0, len(texts), _TEXTS_AT_ONCE)
        ]
        return tf.concat(parts, axis=0)

    def vectors(self, table: Any) -> npt.NDArray[np.float32]:
        """Returns what the encoder makes of a table, float32 `(texts, dimensions)`."""
        if isinstance(table, tf.RaggedTensor):
            return encode_token_ids(self._encoder.text_encoder, table, self._batch_size)
        return self._encoder.project(table.numpy())
