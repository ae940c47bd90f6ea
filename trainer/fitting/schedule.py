"""The optimizer of the two-tower model and its schedule."""

from typing import Any

import keras

from trainer.fitting.fused_adam import FusedAdamW
from trainer.recommendation.options import TrainingOptions

WARM_UP_FRACTION = 0.1
_FINAL_FRACTION = 0.02


@keras.saving.register_keras_serializable(package="shelfwise")
class UpdateSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that is asked by steps, as Keras does, and goes by updates.

    Args:
        schedule: Returns the learning rate at an update, counted from 0.
        steps_per_update: Steps that Keras accumulates gradients over.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps_per_update: int) -> None:
        super().__init__()
        self.schedule = schedule
        self.steps_per_update = steps_per_update

    def __call__(self, step: Any) -> Any:
        return self.schedule(step // self.steps_per_update)

    def get_config(self) -> dict[str, Any]:
        return {
            "schedule": keras.optimizers.schedules.serialize(self.schedule),
            "steps_per_update": self.steps_per_update,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "UpdateSchedule":
        return cls(keras.optimizers.schedules.deserialize(config["schedule"]), config["steps_per_update"])


def build_optimizer(options: TrainingOptions, steps_per_epoch: int, replicas: int = 1) -> keras.optimizers.Optimizer:
    """Returns AdamW with linear warm-up (at most an epoch) and cosine decay, both counted in updates.

    With `accumulated_batches` above 1 an update is made every so many steps, of the mean of their gradients.

    Args:
        options: How to train.
        steps_per_epoch: Batches of one pass.
        replicas: Replicas of the strategy that the model is built under.

    Raises:
        ValueError: Gradients are to be accumulated over more batches than an epoch has, or on several replicas.
    """
    batches = options.accumulated_batches
    if batches > steps_per_epoch:
        raise ValueError(
            f"`training.accumulated_batches` should be at most the batches of an epoch, which are {steps_per_epoch}. "
            f"Received {batches}: lower it, or lower `training.batch_size`."
        )
    if batches > 1 and replicas > 1:
        # Keras skips updates by a condition inside the step, where replicas cannot wait for each other.
        raise ValueError(
            f"`training.accumulated_batches` should be 1 on {replicas} devices. Received {batches}: raise "
            "`training.batch_size` instead, which is divided over the devices."
        )
    updates = steps_per_epoch * options.max_epochs // batches
    warm_up = max(1, min(round(updates * WARM_UP_FRACTION), steps_per_epoch // batches))
    return FusedAdamW(
        UpdateSchedule(warm_up_and_decay(options.learning_rate, updates, warm_up), batches),
        weight_decay=options.weight_decay,
        gradient_accumulation_steps=batches if batches > 1 else None,
    )


def warm_up_and_decay(
    learning_rate: float, updates: int, warm_up: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns a linear warm-up to `learning_rate` over `warm_up` updates, and cosine decay over the rest."""
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, updates - warm_up),
        alpha=_FINAL_FRACTION,
        warmup_target=learning_rate,
        warmup_steps=warm_up,
    )
