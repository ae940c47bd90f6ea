"""The matrix products of a training step of BERT and nothing else: what no implementation of it can do without."""

import time
from typing import NamedTuple

import tensorflow as tf

Shape = tuple[int, ...]


class StepShape(NamedTuple):
    """What decides how large the products are.

    Attributes:
        texts: Of a batch.
        length: Tokens of each text.
        layers: Transformer layers.
        dimensions: Width of a token's vector.
        heads: Of the attention.
        inner: Width of the feed-forward layer.
    """

    texts: int
    length: int
    layers: int
    dimensions: int
    heads: int
    inner: int

    def factors(self) -> list[tuple[Shape, Shape]]:
        """Returns the shapes of both factors of each product of one layer's forward pass.

        A dense layer of the projections and of the feed-forward part, and each head's scores and sums.
        """
        rows, d, head = self.texts * self.length, self.dimensions, self.dimensions // self.heads
        dense = [(d, 3 * d), (d, d), (d, self.inner), (self.inner, d)]
        heads = self.texts * self.heads
        scores = (heads, self.length, head), (heads, head, self.length)
        sums = (heads, self.length, self.length), (heads, self.length, head)
        return [*(((rows, inputs), (inputs, outputs)) for inputs, outputs in dense), scores, sums]

    def words(self) -> str:
        """Returns it as an argument of a command."""
        return " ".join(map(str, self))


class MatrixProducts:
    """The products in TensorFlow: each of the forward pass, and the two of its gradient."""

    def __init__(self, shape: StepShape) -> None:
        self._factors = [
            (tf.random.normal(left), tf.random.normal(right)) for left, right in shape.factors() * shape.layers
        ]
        self._step = tf.function(self._products, autograph=False)

    def run(self, times: int) -> float:
        """Returns the seconds that so many steps' products took."""
        start = time.perf_counter()
        for _ in range(times):
            self._step().numpy()
        return time.perf_counter() - start

    def _products(self) -> tf.Tensor:
        used = []
        for left, right in self._factors:
            product = tf.matmul(left, right)
            gradients = tf.matmul(product, right, transpose_b=True), tf.matmul(left, product, transpose_a=True)
            # One number of each, so that none is left out.
            used += [tf.reshape(each, [-1])[0] for each in gradients]
        return tf.add_n(used)
