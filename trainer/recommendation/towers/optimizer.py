"""The optimizer of the towers, which may make one update of several batches."""

from typing import Any

import keras

from trainer.fitting.schedule import Schedule, adamw, warm_up_and_decay, warm_up_length
from trainer.fitting.training_length import TrainingLength
from trainer.recommendation.options import TrainingOptions


@keras.saving.register_keras_serializable(package="shelfwise")
class UpdateSchedule(Schedule):
    """A schedule that is asked by steps, as Keras does, and goes by updates.

    Args:
        schedule: Returns the learning rate at an update, counted from 0.
        steps_per_update: Steps that Keras accumulates gradients over.
    """

    def __init__(self, schedule: Schedule, steps_per_update: int) -> None:
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


def towers_optimizer(options: TrainingOptions, length: TrainingLength, replicas: int = 1) -> keras.optimizers.Optimizer:
    """Returns AdamW with linear warm-up (at most an epoch) and cosine decay, both counted in updates.

    With `accumulated_batches` above 1 an update is made every so many steps, of the mean of their gradients.

    Args:
        options: How to train.
        length: For how long.
        replicas: Replicas of the strategy that the model is built under.

    Raises:
        ValueError: Gradients are to be accumulated over more batches than an epoch has, or on several replicas.
    """
    batches = options.accumulated_batches
    if batches > length.steps:
        raise ValueError(
            f"`training.accumulated_batches` should be at most the batches of an epoch, which are {length.steps}. "
            f"Received {batches}: lower it, or lower `training.batch_size`."
        )
    if batches > 1 and replicas > 1:
        # Keras skips updates by a condition inside the step, where replicas cannot wait for each other.
        raise ValueError(
            f"`training.accumulated_batches` should be 1 on {replicas} devices. Received {batches}: raise "
            "`training.batch_size` instead, which is divided over the devices."
        )
    updates = length.all_steps // batches
    warm_up = min(warm_up_length(updates), length.steps // batches)
    return adamw(
        UpdateSchedule(warm_up_and_decay(options.learning_rate, updates, warm_up), batches),
        weight_decay=options.weight_decay,
        accumulated_batches=batches,
        # A training has some thousand updates: 0.999 would remember a tenth of them.
        beta_2=0.98,
    )
