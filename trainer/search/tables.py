"""What the encoder reads of queries and texts, by row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.search.encoder import SearchEncoder
from trainer.text.backbone import encode_token_ids


class TextTable(NamedTuple):
    """Some texts, as a training step looks them up.

    Attributes:
        token_ids: Ragged int32 `(texts, None)`.
        vectors: float32 `(texts, dimensions)`, BERT's where it stays as it is; else None.
    """

    token_ids: tf.RaggedTensor
    vectors: tf.Tensor | None

    def take(self, rows: Any) -> "TextTable":
        """Returns the table of some rows."""
        vectors = None if self.vectors is None else tf.gather(self.vectors, rows)
        return TextTable(tf.gather(self.token_ids, rows), vectors)


class EncoderInputs:
    """Makes tables of texts, and embeds them with the encoder as it is now.

    Args:
        encoder: The encoder, before or while it is trained.
        batch_size: Texts encoded at once.
    """

    def __init__(self, encoder: SearchEncoder, batch_size: int) -> None:
        self._encoder = encoder
        self._batch_size = batch_size

    def table(self, texts: Sequence[str], vectors: npt.NDArray[np.float32] | None = None) -> TextTable:
        """Returns the table of some texts; memory grows with them.

        Args:
            texts: The texts.
            vectors: BERT's vectors of them, where they are there already.
        """
        token_ids = self._encoder.token_ids(texts)
        if self._encoder.head is None:
            return TextTable(token_ids, None)
        if vectors is None:
            vectors = encode_token_ids(self._encoder.text_encoder, token_ids, self._batch_size)
        return TextTable(token_ids, tf.constant(vectors))

    def vectors(self, table: TextTable) -> npt.NDArray[np.float32]:
        """Returns what the encoder makes of a table, float32 `(texts, dimensions)`."""
        if table.vectors is None:
            return encode_token_ids(self._encoder.text_encoder, table.token_ids, self._batch_size)
        return self._encoder.finish(table.vectors.numpy(), table.token_ids)
