"""The losses: the towers', by tensorflow-recommenders (imported nowhere else), and the ranker's."""

from typing import Any

import keras
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


@keras.saving.register_keras_serializable(package="shelfwise")
class ListwiseSoftmax(keras.losses.Loss):
    """Softmax cross-entropy of each list (Bruch et al., "An analysis of the softmax cost function", ICTIR 2019).

    For the relevant candidates R of a list of candidates C with scores s the loss is
    `-sum_{r in R} log(exp(s_r) / sum_{c in C} exp(s_c)) / sqrt(|R|)`: a basket of many products says more than one of
    few, but each product of it says less. The same is added over the candidates that are new to the user alone, which
    otherwise stand in the shadow of what the user buys all the time.

    Args:
        novel_weight: Weight of the loss over new candidates.
    """

    def __init__(self, novel_weight: float, **kwargs: Any) -> None:
        super().__init__(name="listwise_softmax", **kwargs)
        self.novel_weight = novel_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each list, `(batch,)`.

        Args:
            y_true: float `(batch, candidates, 3)` of 0 and 1: whether a candidate is relevant, is there, is new.
            y_pred: float `(batch, candidates)` scores.
        """
        relevant, valid, novel = y_true[..., 0], y_true[..., 1], y_true[..., 2]
        among_all = _listwise(relevant * valid, valid, y_pred)
        return among_all + self.novel_weight * _listwise(relevant * valid * novel, valid * novel, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {"novel_weight": self.novel_weight}


def _listwise(relevant: Any, valid: Any, scores: Any) -> Any:
    log_probabilities = keras.ops.log_softmax(keras.ops.where(valid > 0.0, scores, -1e9))
    count = keras.ops.sum(relevant, axis=1)
    return -keras.ops.sum(relevant * log_probabilities, axis=1) / keras.ops.sqrt(keras.ops.maximum(count, 1.0))
