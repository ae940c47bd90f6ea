"""Training examples weighed so that groups count alike, and what that costs and brings."""

import os
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from trainer.classification.examples import LabelledTexts
from trainer.classification.options import ReweightingOptions

# Members of a group from which on its accuracy is told.
_LEAST_MEMBERS = 30
_INTERVAL_95 = 1.96


class GivesProbabilities(Protocol):
    """What can be judged."""

    def probabilities(self, texts: list[str], numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...


Trained = TypeVar("Trained")


def group_weights(groups: npt.NDArray[Any], strength: float) -> npt.NDArray[np.float32]:
    """Returns the weight of each example, float32 `(examples,)`, 1 on average.

    An example counts in inverse proportion to its group's size, to the power of `strength`: with 1 all groups count
    the same. Examples without a group are a group of their own.

    Args:
        groups: bytes `(examples,)`.
        strength: From 0, which changes nothing, to 1.
    """
    _, of_example, sizes = np.unique(groups.astype(object), return_inverse=True, return_counts=True)
    weights = (1.0 / sizes[of_example]) ** strength
    return (weights / weights.mean()).astype(np.float32)


def below(uri: str, name: str) -> str:
    """Returns the folder of a training of a name below a folder; the folder itself for the first one, or for none."""
    return os.path.join(uri, name) if uri and name else uri


def train_reweighted(
    options: ReweightingOptions | None,
    learned: LabelledTexts,
    tested: Callable[[], LabelledTexts],
    train: Callable[[LabelledTexts, str], Trained],
    judged: Callable[[Trained], GivesProbabilities],
) -> tuple[Trained, dict[str, Any]]:
    """Trains, with groups weighed alike where the options say so; then also without, to tell what that costs.

    Args:
        options: Which groups; None trains once, as it is.
        learned: The training split, with groups where there are options.
        tested: Reads the test split, with groups.
        train: Trains on examples; the name of the second training tells its files apart, the first one has none.
        judged: Returns what gives probabilities.

    Returns:
        What was trained with weights, and what training.json says of both: `reweighting`; nothing without options.

    Raises:
        ValueError: No training example has a value of the column.
    """
    if options is None:
        return train(learned, ""), {}
    groups = learned.groups
    if groups is None or (groups == b"").all():
        raise ValueError(
            f"`reweighting.column` is `{options.column}`, of which no training example has a value; name one of the "
            "columns that the evaluation is sliced by."
        )
    weights = learned.text_weights() * group_weights(groups, options.strength)
    chosen, plain = train(learned.weighed(weights), ""), train(learned, "unweighted")
    test = tested()
    found = [judged(each).probabilities(test.texts, test.numbers).argmax(axis=1) for each in (chosen, plain)]
    return chosen, {"reweighting": options.model_dump() | _price(test, *found)}


def _price(test: LabelledTexts, found: npt.NDArray[Any], without: npt.NDArray[Any]) -> dict[str, Any]:
    """Compares the labels that test examples were given with weights, and without."""
    right, right_without = (each == test.labels for each in (found, without))
    paired = right.astype(np.float64) - right_without
    error = float(paired.std(ddof=1) / len(paired) ** 0.5) if len(paired) > 1 else 0.0
    mean = float(paired.mean())
    groups = test.groups if test.groups is not None else np.full(len(test), b"", object)
    names, sizes = np.unique(groups[groups != b""].astype(object), return_counts=True)
    large = [name for name, size in zip(names, sizes, strict=True) if size >= _LEAST_MEMBERS]
    of_systems = {
        name: {
            "accuracy": float(hits.mean()),
            "f1_macro": float(f1_score(test.labels, labels, average="macro")),
            "accuracy_of": {group.decode("utf-8", "replace"): float(hits[groups == group].mean()) for group in large},
        }
        for name, hits, labels in (("with", right, found), ("without", right_without, without))
    }
    return {
        **of_systems,
        "accuracy_difference": {"mean": mean, "low": mean - _INTERVAL_95 * error, "high": mean + _INTERVAL_95 * error},
    }
