"""The loss of an uplift network."""

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.response.uplift.treatments import Treatments

# An uplift is a difference of probabilities, some tenths of what a logit is; with equal steps of the optimizer both
# then move alike.
UPLIFT_SCALE = 0.1


def contrasts(treatments: Treatments) -> np.ndarray:
    """Returns the weights that make of a row's surprise an unbiased estimate of what each treatment adds.

    For a treatment they are 1 / propensity on the rows that got it, -1 / propensity on those of the control, and 0 on
    the others, so that their mean over the draws of the treatment is 0.

    Returns:
        float32 `(rows, treatments)`, without the control.
    """
    inverse = (1.0 / treatments.propensity)[:, np.newaxis]
    got = treatments.arm[:, np.newaxis] == np.arange(1, len(treatments.names))
    control = (treatments.arm == 0)[:, np.newaxis]
    found: np.ndarray = (inverse * (got.astype(np.float32) - control)).astype(np.float32)
    return found


def contrast_scale(weights: np.ndarray) -> float:
    """Returns the inverse of the mean square of the weights: the scale on which both losses are alike."""
    return float(1.0 / np.square(weights).mean())


def uplift_loss(outcome: Any, outputs: Any, weights: Any, scale: float) -> Any:
    """Returns the loss of each row and network, float32 `(batch, networks)`.

    The outcome's head learns by cross-entropy. The uplift is a regression on the row's score: the outcome beside what
    the other head expects, times the weights of `contrasts`. The score is unbiased whenever the propensities are right,
    however bad the other head is, and the better that is the less it scatters: the doubly robust score of Robins,
    Rotnitzky and Zhao (1994) with one model for all arms, which for two arms of equal propensity is the R-learner of
    Nie and Wager ("Quasi-oracle estimation of heterogeneous treatment effects", Biometrika 2021).

    Args:
        outcome: float32 `(batch,)`, 0 or 1.
        outputs: float32 `(batch, networks, 1 + treatments)`: the logit of the outcome, then the uplifts, in tenths.
        weights: float32 `(batch, treatments)` of `contrasts`.
        scale: Of the regression.
    """
    logit, added = outputs[:, :, 0], UPLIFT_SCALE * outputs[:, :, 1:]
    wanted = tf.broadcast_to(outcome[:, tf.newaxis], tf.shape(logit))
    surprise = wanted - tf.stop_gradient(tf.sigmoid(logit))
    score = weights[:, tf.newaxis, :] * surprise[:, :, tf.newaxis]
    # Rows of another treatment count too, with a score of 0: without them the others' mean would be too large.
    squares = tf.reduce_sum(tf.square(score - added), axis=2)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logit) + scale * squares
