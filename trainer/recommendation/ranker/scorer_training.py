"""Fits a ranker's scorer to baskets and their candidates."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.recommendation.options import RankerOptions
from trainer.recommendation.ranker.examples import RankerExamples
from trainer.recommendation.ranker.listwise_softmax import ListwiseSoftmax
from trainer.recommendation.ranker.scorer import RankerScorer

_WEIGHT_DECAY = 1e-4
# Baskets that tell the mean and the deviation of each feature; each has some hundred candidates.
_STANDARDISED_BY = 2_000


def train_scorer(
    scorer: RankerScorer, examples: RankerExamples, validation: RankerExamples, options: RankerOptions, log_uri: str
) -> dict[str, list[float]]:
    """Fits a scorer, and keeps the weights of the epoch with the lowest validation loss.

    Args:
        scorer: A new scorer.
        examples: Baskets to learn from.
        validation: Baskets of other users; without any the last epoch counts.
        options: How to train.
        log_uri: Where TensorBoard's event files go.

    Returns:
        `loss` and `val_loss`, one value an epoch.
    """
    scorer.build((None, None, examples.features.shape[-1]))
    told = slice(None, None, 1 + len(examples.user) // _STANDARDISED_BY)
    scorer.adapt(examples.features[told][examples.valid[told]].astype(np.float32))
    updates = max(1, len(examples.user) // options.batch_size) * options.max_epochs
    scorer.compile(
        optimizer=adamw(warm_up_and_decay(options.learning_rate, updates, warm_up=0), weight_decay=_WEIGHT_DECAY),
        loss=ListwiseSoftmax(options.novel_weight),
        jit_compile=False,
    )
    validated = len(validation.user) > 0
    callbacks: list[Any] = [keras.callbacks.TensorBoard(log_uri, write_graph=False)]
    if validated:
        callbacks.append(keras.callbacks.EarlyStopping(patience=options.patience, restore_best_weights=True))
    history = scorer.fit(
        examples.features,
        _labels(examples),
        validation_data=(validation.features, _labels(validation)) if validated else None,
        batch_size=options.batch_size,
        epochs=options.max_epochs,
        callbacks=callbacks,
        verbose=0,
    ).history
    return {name: [round(float(value), 5) for value in values] for name, values in history.items()}


def _labels(examples: RankerExamples) -> npt.NDArray[np.float32]:
    """Returns float32 `(baskets, candidates, 3)`: what `ListwiseSoftmax` wants to know of each candidate."""
    return np.stack([examples.relevant, examples.valid, examples.novel], axis=-1).astype(np.float32)
