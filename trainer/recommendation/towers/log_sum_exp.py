"""What a softmax over many products costs most: the sum over all of them, with its gradient, block by block."""

from typing import Any

import tensorflow as tf

# Scores that are held at once; 64 MiB in float32.
_SCORES_AT_ONCE = 2**24


def weighted_log_sum_exp(queries: Any, items: Any, weights: Any, offsets: Any | None = None) -> Any:
    """Returns the sum over queries of weight * log(sum over items of exp(query . item + offset)), a float32 scalar.

    The weights are known before the gradient is asked for, so a block's probabilities give the gradient at once and
    are not kept: three matrix products a block, and no memory that grows with queries times items (as in Hsu et al.,
    "Liger kernel", 2024). Products are computed in the type of `queries` and `items`, sums in float32.

    Args:
        queries: `(n, d)`.
        items: `(m, d)`, of the same type.
        weights: float32 `(n,)`; without a gradient.
        offsets: float32 `(m,)`, without a gradient; None for zeros.
    """

    @tf.custom_gradient
    def compute(queries: Any, items: Any) -> Any:
        total, of_queries, of_items = _blocks(queries, items, weights, offsets)

        def gradient(upstream: Any) -> tuple[Any, Any]:
            return (
                tf.cast(upstream * of_queries, queries.dtype),
                tf.cast(upstream * of_items, items.dtype),
            )

        return total, gradient

    return compute(queries, items)


def _blocks(queries: Any, items: Any, weights: Any, offsets: Any | None) -> tuple[Any, Any, Any]:
    """Returns the sum, and its gradients by queries `(n, d)` and items `(m, d)`, all float32."""
    rows, dimensions = tf.shape(queries)[0], queries.shape[1]
    block = tf.clip_by_value(_SCORES_AT_ONCE // tf.maximum(tf.shape(items)[0], 1), 1, tf.maximum(rows, 1))
    # One at least: a replica may have no queries of an uneven batch.
    blocks = tf.maximum((rows + block - 1) // block, 1)
    missing = blocks * block - rows
    query_blocks = tf.reshape(tf.pad(queries, [[0, missing], [0, 0]]), [blocks, block, dimensions])
    weight_blocks = tf.reshape(tf.pad(weights, [[0, missing]]), [blocks, block])

    def step(number: Any, total: Any, of_items: Any, of_queries: Any) -> tuple[Any, Any, Any, Any]:
        query, weight = query_blocks[number], weight_blocks[number]
        scores = tf.cast(tf.matmul(query, items, transpose_b=True), tf.float32)
        if offsets is not None:
            scores += offsets
        probabilities = tf.nn.softmax(scores)
        # The best product's probability is exp(its score - the sum wanted): cheaper than another pass of exp.
        sums = tf.reduce_max(scores, axis=1) - tf.math.log(tf.reduce_max(probabilities, axis=1))
        probabilities = tf.cast(probabilities, items.dtype)
        weighed = tf.cast(tf.cast(query, tf.float32) * weight[:, tf.newaxis], items.dtype)
        of_items += tf.cast(tf.matmul(probabilities, weighed, transpose_a=True), tf.float32)
        mean = tf.cast(tf.matmul(probabilities, items), tf.float32)
        of_queries = of_queries.write(number, mean * weight[:, tf.newaxis])
        return number + 1, total + tf.reduce_sum(weight * sums), of_items, of_queries

    _, total, of_items, of_queries = tf.while_loop(
        lambda number, *_: number < blocks,
        step,
        (
            tf.constant(0),
            tf.constant(0.0),
            tf.zeros(tf.shape(items), tf.float32),
            tf.TensorArray(tf.float32, blocks, element_shape=[None, dimensions]),
        ),
        parallel_iterations=1,
    )
    return total, tf.reshape(of_queries.stack(), [-1, dimensions])[:rows], of_items
