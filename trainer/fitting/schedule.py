"""The optimizer of all trainings: AdamW, with a learning rate that warms up and decays."""

from collections.abc import Sequence
from typing import TypeAlias

import keras

from trainer.fitting.fused_adam import FusedAdamW

_WARM_UP_FRACTION = 0.1
_FINAL_FRACTION = 0.02

Schedule: TypeAlias = keras.optimizers.schedules.LearningRateSchedule


def warm_up_length(updates: int) -> int:
    """Returns how many of a training's updates its learning rate rises over: a tenth, and one at the least."""
    return max(1, round(updates * _WARM_UP_FRACTION))


def warm_up_and_decay(learning_rate: float, updates: int, warm_up: int | None = None) -> Schedule:
    """Returns a linear warm-up to a learning rate, and cosine decay to a fiftieth of it over the rest.

    Args:
        learning_rate: The peak.
        updates: Updates of the whole training.
        warm_up: Updates until the peak, 0 to start with it; None for `warm_up_length`.
    """
    if warm_up is None:
        warm_up = warm_up_length(updates)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warm_up else learning_rate,
        decay_steps=max(1, updates - warm_up),
        alpha=_FINAL_FRACTION,
        warmup_target=learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )


def adamw(
    schedule: Schedule,
    *,
    weight_decay: float = 0.0,
    clip_norm: float | None = None,
    not_decayed: Sequence[str] = (),
    accumulated_batches: int = 1,
    beta_2: float = 0.999,
) -> keras.optimizers.Optimizer:
    """Returns AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019).

    Args:
        schedule: The learning rate.
        weight_decay: Decoupled weight decay.
        clip_norm: Norm that all gradients together are cut to; None leaves them as they are.
        not_decayed: Parts of the names of weights that are not to shrink.
        accumulated_batches: Batches whose gradients are averaged into one update.
        beta_2: How slowly the mean of squared gradients forgets.
    """
    optimizer = FusedAdamW(
        schedule,
        weight_decay=weight_decay,
        beta_2=beta_2,
        global_clipnorm=clip_norm,
        gradient_accumulation_steps=accumulated_batches if accumulated_batches > 1 else None,
    )
    if not_decayed:
        optimizer.exclude_from_weight_decay(var_names=list(not_decayed))
    return optimizer
