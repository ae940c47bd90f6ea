"""What matters to a trained model: what it loses where a part of what it reads is shuffled; in plain NumPy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

REPEATS = 5

Arrays = Mapping[str, npt.NDArray[Any]]
# The columns of arrays, on their last axis, that are shuffled together; None for all that an array has.
Part = Mapping[str, Sequence[int] | None]


def permutation_importance(
    inputs: Arrays,
    parts: Mapping[str, Part],
    measure: Callable[[Arrays], float],
    *,
    metric: str,
    lower_is_better: bool = False,
    repeats: int = REPEATS,
    seed: int,
) -> dict[str, Any]:
    """Shuffles each part among the examples, and tells how much worse the model then does.

    What the model has learned stays as it is, so the figures are of this model and of what it was asked about: a part
    that says the same as another one may hardly matter beside it. Therefore columns that belong together are shuffled
    together (Breiman, "Random forests", Machine Learning 2001; Gregorutti, Michel and Saint-Pierre, "Grouped variable
    importance with random forests and application to multiple functional data analysis", 2015). It takes a measurement
    for each part and repeat, and one more.

    Args:
        inputs: What the model reads, a row an example. Arrays of one length are shuffled alike.
        parts: By the name of a part, what it is made of.
        measure: The metric of the model for such inputs.
        metric: Its name.
        lower_is_better: Whether it counts errors.
        repeats: How often each part is shuffled, at least twice.
        seed: Of the order.

    Returns:
        `metric`, its `value` where nothing is shuffled, `repeats`, and `parts`, what matters most first: each with its
        `name`, the `mean` of what the metric gets worse by, and the standard `deviation` over the repeats.
    """
    value = measure(inputs)
    found: list[dict[str, Any]] = []
    for place, (name, part) in enumerate(parts.items()):
        random = np.random.default_rng([seed, place])
        worse = [measure({**inputs, **_shuffled(inputs, part, random)}) - value for _ in range(repeats)]
        losses = np.array(worse) if lower_is_better else -np.array(worse)
        found.append({"name": name, "mean": float(losses.mean()), "deviation": float(losses.std(ddof=1))})
    ordered = sorted(found, key=lambda each: -each["mean"])
    return {"metric": metric, "value": value, "repeats": repeats, "parts": ordered}


def drawn_rows(rows: int, most: int, seed: int) -> npt.NDArray[np.int64]:
    """Returns the places of at most so many of the rows, rising; which ones is random."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def _shuffled(inputs: Arrays, part: Part, random: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    orders: dict[int, npt.NDArray[np.int64]] = {}
    changed = {}
    for name, columns in part.items():
        values = inputs[name]
        order = orders.setdefault(len(values), random.permutation(len(values)))
        if columns is None:
            changed[name] = values[order]
        else:
            changed[name] = values.copy()
            changed[name][..., columns] = values[order][..., columns]
    return changed
