"""Fits a ranker's scorer to baskets and their candidates."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import unsharded
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import EVAL_PREFIX, EpochValidation, fit
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.fitting.training_length import TrainingLength
from trainer.options import UpdateOptions
from trainer.recommendation.options import RankerOptions
from trainer.recommendation.ranker.examples import RankerExamples
from trainer.recommendation.ranker.listwise_softmax import ListwiseSoftmax
from trainer.recommendation.ranker.scorer import RankerScorer

_WEIGHT_DECAY = 1e-4
_LOSS = "loss"
# Baskets that tell the mean and the deviation of each feature; each has some hundred candidates.
_STANDARDISED_BY = 2_000

_UPDATE = UpdateOptions()

Batch = dict[str, npt.NDArray[Any]]


def train_scorer(
    scorer: RankerScorer,
    examples: RankerExamples,
    validation: RankerExamples,
    options: RankerOptions,
    log_uri: str,
    *,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    earlier: RankerScorer | None = None,
    update: UpdateOptions = _UPDATE,
) -> dict[str, list[float]]:
    """Fits a scorer, and keeps the weights of the epoch with the lowest validation loss.

    Args:
        scorer: A new scorer.
        examples: Baskets to learn from.
        validation: Baskets of other users; without any the last epoch counts.
        options: How to train.
        log_uri: Where TensorBoard's event files go.
        seed: Of the order.
        checkpoints: Where the training stands; None to keep nothing.
        earlier: A scorer to go on from, with its mean and deviation of each feature; None to begin with nothing.
        update: What is other then.

    Returns:
        `loss` and `val_loss`, one value an epoch.

    Raises:
        ValueError: The earlier scorer reads other features, or is of another shape.
    """
    scorer.build((None, None, examples.features.shape[-1]))
    if earlier is None:
        told = slice(None, None, 1 + len(examples.user) // _STANDARDISED_BY)
        scorer.adapt(examples.features[told][examples.valid[told]].astype(np.float32))
    else:
        _take_over(scorer, earlier)
        options = options.model_copy(
            update={
                "max_epochs": min(options.max_epochs, update.max_epochs),
                "learning_rate": options.learning_rate * update.learning_rate,
            }
        )
    updates = max(1, len(examples.user) // options.batch_size) * options.max_epochs
    model = _ScorerModel(scorer, ListwiseSoftmax(options.novel_weight))
    model.compile(
        optimizer=adamw(warm_up_and_decay(options.learning_rate, updates, warm_up=0), weight_decay=_WEIGHT_DECAY),
        jit_compile=False,
    )
    batches = _Baskets(examples, options.batch_size)
    judged = _Baskets(validation, options.batch_size)
    of_epochs = fit(
        model,
        lambda number, first: batches.epoch(np.random.default_rng([seed, number]), first),
        length=TrainingLength(batches.steps, options.max_epochs),
        validation=_ScorerValidation(model, judged) if judged.steps else None,
        monitored=_LOSS,
        lowest=True,
        patience=options.patience,
        log_uri=log_uri,
        checkpoints=checkpoints or Checkpoints("", options.checkpoint_minutes),
    ).of_epochs
    names = {_LOSS: _LOSS, **({"val_loss": EVAL_PREFIX + _LOSS} if judged.steps else {})}
    return {name: [round(epoch[logged], 5) for epoch in of_epochs] for name, logged in names.items()}


def _take_over(scorer: RankerScorer, earlier: RankerScorer) -> None:
    now, before = (
        {key: each.get_config()[key] for key in ("units", "networks", "features", "unread")}
        for each in (scorer, earlier)
    )
    for key, value in now.items():
        # Configurations come back from files with lists in place of tuples.
        given = tuple(before[key]) if isinstance(value, tuple) else before[key]
        if given != value:
            raise ValueError(
                f"An update starts from a ranker of the same shape. `{key}` is {value} by the configuration, and "
                f"{given} in the earlier model: run `shelfwise run` once more."
            )
    scorer.set_weights(earlier.get_weights())
    # Keras reads mean and deviation out of the weights only where a file is loaded.
    scorer.normalization.finalize_state()


class _Baskets:
    """Passes over baskets; a batch is `features` float16 `(batch, candidates, features)` and `labels`.

    The labels, float32 `(batch, candidates, 3)`, are what `ListwiseSoftmax` wants to know of each candidate.
    """

    def __init__(self, examples: RankerExamples, size: int) -> None:
        self._examples, self._size = examples, size
        self.steps = -(-len(examples.user) // size)

    def epoch(self, random: np.random.Generator | None, first: int = 0) -> tf.data.Dataset:
        """Returns a pass in random order, or as they come, from its batch `first` on."""
        candidates, features = self._examples.features.shape[1:]
        signature = {
            "features": tf.TensorSpec([None, candidates, features], tf.float16),
            "labels": tf.TensorSpec([None, candidates, 3], tf.float32),
        }
        count = len(self._examples.user)
        order = np.arange(count) if random is None else random.permutation(count)
        batches = tf.data.Dataset.from_generator(
            lambda: self._batches(order[first * self._size :]), output_signature=signature
        )
        return unsharded(batches.prefetch(2))

    def _batches(self, order: npt.NDArray[np.int64]) -> Iterator[Batch]:
        given = self._examples
        for start in range(0, len(order), self._size):
            rows = order[start : start + self._size]
            labels = np.stack([given.relevant[rows], given.valid[rows], given.novel[rows]], axis=-1)
            yield {"features": given.features[rows], "labels": labels.astype(np.float32)}


class _ScorerModel(SoftmaxModel):
    """A scorer and its loss; each basket counts alike."""

    def __init__(self, scorer: RankerScorer, loss: ListwiseSoftmax) -> None:
        super().__init__(name="ranker")
        self.scorer = scorer
        self._loss_of_lists = loss

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what a share of a batch of baskets has lost."""
        scores = self.scorer(batch["features"], training=training)
        losses = self._loss_of_lists.call(batch["labels"], scores)
        return weighted_losses(losses, tf.ones_like(losses))


class _ScorerValidation(EpochValidation):
    """Takes the loss of the mean score over the baskets of users who were not learned from."""

    def __init__(self, model: _ScorerModel, baskets: _Baskets) -> None:
        self._baskets = baskets
        self._losses = tf.function(lambda batch: model.losses_of(batch, training=False), reduce_retracing=True)

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        found = [self._losses(batch) for batch in self._baskets.epoch(None)]
        return {_LOSS: float(sum(each.total for each in found)) / float(sum(each.weight for each in found))}
