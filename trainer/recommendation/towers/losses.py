"""The loss of the towers, by tensorflow-recommenders, which is imported nowhere else."""

from typing import Any

import tensorflow as tf
import tensorflow_recommenders as tfrs


class InBatchSoftmax:
    """Softmax over the targets of a batch, by `tfrs.tasks.Retrieval`.

    Requirements: queries and candidates of the same width; row i of `candidates` is what query i was followed
    by, and further candidates are negatives only.

    For query q, target t and candidates c with sampling probability p(c), the loss of a pair is
    `-log(exp(q.t / temperature - log p(t)) / sum_c exp(q.c / temperature - log p(c)))`, where candidates that
    are the same product as t are left out of the sum but for t itself. The logQ correction (Yi et al.,
    "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019) makes up for
    popular products being in a batch, and thus a negative, more often. Only ratios of p matter; TFRS clips it
    to [1e-6, 1].

    Args:
        temperature: Divides the scores.
    """

    def __init__(self, temperature: float) -> None:
        if not temperature > 0.0:
            raise ValueError(f"`temperature` should be above 0. Received {temperature}.")
        self._task = tfrs.tasks.Retrieval(temperature=temperature, remove_accidental_hits=True)

    # TFRS asks `len(tf.shape(x))`, which only autograph can turn into a graph.
    @tf.function
    def __call__(
        self, queries: Any, candidates: Any, candidate_ids: Any, candidate_probabilities: Any, weights: Any
    ) -> Any:
        """Returns the weighted mean loss, a float32 scalar; 0 where all weights are 0.

        Args:
            queries: float32 `(pairs, d)`.
            candidates: float32 `(pairs + negatives, d)`.
            candidate_ids: int `(pairs + negatives,)`; equal ids are the same product.
            candidate_probabilities: float32 `(pairs + negatives,)`; how likely each is to be in a batch.
            weights: float32 `(pairs,)`; 0 leaves a query out, its target stays a candidate.
        """
        total = self._task(
            queries,
            candidates,
            sample_weight=weights,
            candidate_sampling_probability=candidate_probabilities,
            candidate_ids=candidate_ids,
            compute_metrics=False,
        )
        return tf.math.divide_no_nan(total, tf.reduce_sum(weights))
