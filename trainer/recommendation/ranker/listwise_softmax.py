"""The loss of the ranker."""

from typing import Any

import keras


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
            y_pred: float scores, `(batch, candidates)` or `(batch, candidates, networks)`, of which each counts alike.
        """
        relevant, valid, novel = y_true[..., 0:1], y_true[..., 1:2], y_true[..., 2:3]
        y_pred = y_pred if len(y_pred.shape) == 3 else y_pred[..., None]
        among_all = _listwise(relevant * valid, valid, y_pred)
        return among_all + self.novel_weight * _listwise(relevant * valid * novel, valid * novel, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {"novel_weight": self.novel_weight}


def _listwise(relevant: Any, valid: Any, scores: Any) -> Any:
    """Returns the loss of each list, `(batch,)`, of labels `(batch, candidates, 1)`."""
    log_probabilities = keras.ops.log_softmax(keras.ops.where(valid > 0.0, scores, -1e9), axis=1)
    count = keras.ops.sum(relevant, axis=1)
    losses = -keras.ops.sum(relevant * log_probabilities, axis=1) / keras.ops.sqrt(keras.ops.maximum(count, 1.0))
    return keras.ops.mean(losses, axis=-1)
