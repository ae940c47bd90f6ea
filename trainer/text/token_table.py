"""Token ids of many texts, as a training step looks them up."""

from typing import Any

import tensorflow as tf

from trainer.fitting.strategy import shapes_must_be_known
from trainer.text.backbone import TextEncoder


class TokenTable:
    """Gives some rows of ragged token ids as a padded batch, by operations that XLA compiles.

    Args:
        token_ids: Ragged int32 `(texts, None)`, of `TextEncoder.token_ids`.
        encoder: The encoder; tells what pads, and the length that texts were cut to.
    """

    def __init__(self, token_ids: tf.RaggedTensor, encoder: TextEncoder) -> None:
        self._tokens = token_ids.flat_values
        self._starts = tf.cast(token_ids.row_starts(), tf.int32)
        self._lengths = tf.cast(token_ids.row_lengths(), tf.int32)
        self._padding: int = encoder.tokenizer.pad_token_id
        self._longest = encoder.sequence_length

    def take(self, rows: Any) -> Any:
        """Returns int32 `(batch, width)` token ids of int32 `(batch,)` rows, as wide as the longest of them."""
        lengths = tf.gather(self._lengths, rows)
        width = self._longest if shapes_must_be_known() else tf.reduce_max(lengths)
        places = tf.gather(self._starts, rows)[:, tf.newaxis] + tf.range(width)
        there = tf.sequence_mask(lengths, width)
        return tf.where(there, tf.gather(self._tokens, tf.where(there, places, 0)), self._padding)
