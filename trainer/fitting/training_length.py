"""How long a training lasts."""


def training_length(steps: int, max_epochs: int, most_steps: int | None) -> tuple[int, int]:
    """Returns the batches of an epoch and the epochs, so that there are no more than `most_steps` batches in all.

    Args:
        steps: Batches of a pass over the data.
        max_epochs: Passes at the most.
        most_steps: Batches at the most; None for as many as the passes have.
    """
    if most_steps is None:
        return steps, max_epochs
    steps = min(steps, most_steps)
    return steps, min(max_epochs, most_steps // steps)
