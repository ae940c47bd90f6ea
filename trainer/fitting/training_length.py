"""How long a training lasts."""

from typing import NamedTuple


class TrainingLength(NamedTuple):
    """Steps and epochs of a training; a step is a batch.

    Attributes:
        steps: Steps of an epoch.
        epochs: Epochs at the most.
    """

    steps: int
    epochs: int

    @property
    def all_steps(self) -> int:
        """The steps of all epochs."""
        return self.steps * self.epochs


def training_length(steps: int, max_epochs: int, most_steps: int | None) -> TrainingLength:
    """Returns how long a training lasts that has no more than `most_steps` steps in all.

    Args:
        steps: Batches of a pass over the data.
        max_epochs: Passes at the most.
        most_steps: Steps at the most; None for as many as the passes have.
    """
    if most_steps is None:
        return TrainingLength(steps, max_epochs)
    steps = min(steps, most_steps)
    return TrainingLength(steps, min(max_epochs, most_steps // steps))
