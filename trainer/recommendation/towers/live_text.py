"""Product texts that are encoded while the backbone itself is trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.catalogue import distinct_texts
from trainer.fitting.strategy import shapes_must_be_known
from trainer.text.backbone import TextEncoder

_TEXTS_AT_ONCE = 64


class LiveTexts:
    """Token ids of the catalogue's texts, and a table of their vectors that is renewed now and then.

    A step encodes only its target products with a gradient. The many products of the histories are read from the
    table, which lags behind the backbone by at most an epoch: that keeps a step's cost near that of its targets.

    Attributes:
        table: float32 `(texts, t)`, the vector of each distinct text.

    Args:
        encoder: The encoder in training.
        texts: Each product's text, in catalogue order. Equal texts are encoded once.
    """

    def __init__(self, encoder: TextEncoder, texts: Sequence[str]) -> None:
        rows, distinct = distinct_texts(texts)
        self.encoder = encoder
        self._rows = tf.constant(rows)
        tokens = encoder.token_ids(tf.constant(distinct, tf.string))
        self._tokens = tokens.to_tensor(encoder.tokenizer.pad_token_id)
        self.table = tf.Variable(tf.zeros([len(distinct), encoder.dimensions]), trainable=False)
        self.refresh()

    def refresh(self) -> None:
        """Encodes every distinct text anew with the backbone as it is now."""
        texts = self._tokens.shape[0]
        parts = [
            self._encode(self._tokens[start : start + _TEXTS_AT_ONCE]) for start in range(0, texts, _TEXTS_AT_ONCE)
        ]
        self.table.assign(tf.concat(parts, axis=0))

    def table_vectors(self, product_index: Any) -> Any:
        """Looks up float32 `(n, t)` vectors of int32 `(n,)` products; no gradient."""
        return tf.stop_gradient(tf.gather(self.table, tf.gather(self._rows, product_index)))

    def live_vectors(self, product_index: Any, training: bool) -> Any:
        """Encodes the texts of int32 `(n,)` products with a gradient; equal texts once, where shapes may vary."""
        rows = tf.gather(self._rows, product_index)
        distinct, places = (rows, tf.range(tf.size(rows))) if shapes_must_be_known() else tf.unique(rows)
        return tf.gather(self.encoder.encode_tokens(tf.gather(self._tokens, distinct), training=training), places)

    def product_vectors(self) -> npt.NDArray[np.float32]:
        """Returns the table's vector of every product, float32 `(products, t)`."""
        return np.asarray(tf.gather(self.table, self._rows))

    @tf.function(autograph=False, reduce_retracing=True)
    def _encode(self, tokens: Any) -> Any:
        return self.encoder.encode_tokens(tokens, training=False)
