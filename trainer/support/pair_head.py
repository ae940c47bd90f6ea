"""What is learned on top of a BERT that stays as it is: a change of its vectors on either side."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="shelfwise")
class PairHead(keras.Model):
    """Changes vectors of questions and of answers so that those which belong together come near each other.

    For a vector v of length 1 the result is `l2_normalize(v + v W)`, with a W of its own on each side that begins with
    zeros.

    Call arguments:
        vectors: float32 `(batch, dimensions)`.
        answers: Whether they are of answers.

    Returns:
        float32 `(batch, dimensions)` of length 1.

    Args:
        dimensions: Of the vectors.
        dropout: Dropout rate of what the changes read.
        dtype: What it is computed in, whatever BERT is.
    """

    def __init__(self, *, dimensions: int, dropout: float = 0.0, dtype: Any = "float32", **kwargs: Any) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.dimensions, self.rate = dimensions, dropout
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype)
        self.question_side, self.answer_side = (
            keras.layers.Dense(dimensions, use_bias=False, kernel_initializer="zeros", dtype=dtype, name=name)
            for name in ("question_side", "answer_side")
        )
        for layer in (self.question_side, self.answer_side):
            layer.build((None, dimensions))
        self.built = True

    def call(self, vectors: Any, answers: bool = False, training: bool = False) -> Any:
        side = self.answer_side if answers else self.question_side
        return tf.math.l2_normalize(vectors + side(self.dropout(vectors, training=training)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dimensions": self.dimensions, "dropout": self.rate}
