"""Tells wishes for products from questions to the shop, by vectors alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

Vectors = npt.NDArray[np.float32]

# Share of the questions to the shop that may be taken for wishes.
_MISTAKEN = 0.02
_INVERSE_REGULARISATION = 10.0
_FEWEST = 10
_FOLDS = 5


class WishHead(NamedTuple):
    """A text is a wish where `vector . weights + bias` is above 0.

    Attributes:
        weights: float32 `(dimensions,)`.
        bias: What is added.
        found: Share of the made wishes that are taken for one, by a head that has not seen them.
        mistaken: Share of the questions to the shop that are, likewise.
    """

    weights: Vectors
    bias: float
    found: float
    mistaken: float


def made_wishes(titles: Sequence[str], phrases: Sequence[str]) -> list[str]:
    """Returns wishes: each title in one of the phrases, which have {} where it stands, in turn."""
    return [phrases[place % len(phrases)].replace("{}", title) for place, title in enumerate(titles)]


def fit_wishes(wishes: Vectors, questions: Vectors, seed: int) -> WishHead | None:
    """Fits logistic regression, and a limit by which few questions to the shop are taken for wishes.

    Args:
        wishes: float32 `(wishes, dimensions)`.
        questions: float32 `(questions, dimensions)`, to the shop.
        seed: Of the order of the folds.

    Returns:
        The head; None where there are fewer than ten of either.
    """
    if min(len(wishes), len(questions)) < _FEWEST:
        return None
    random = np.random.default_rng(seed)
    order = random.permutation(len(wishes) + len(questions))
    vectors = np.concatenate([wishes, questions])[order]
    labels = np.repeat([1, 0], [len(wishes), len(questions)])[order]
    regression = LogisticRegression(C=_INVERSE_REGULARISATION, class_weight="balanced", max_iter=1_000)
    held_out = cross_val_predict(regression, vectors, labels, cv=_FOLDS, method="decision_function")
    limit = max(0.0, float(np.quantile(held_out[labels == 0], 1.0 - _MISTAKEN, method="higher")))
    regression.fit(vectors, labels)
    return WishHead(
        weights=regression.coef_[0].astype(np.float32),
        bias=float(regression.intercept_[0]) - limit,
        found=float((held_out[labels == 1] > limit).mean()),
        mistaken=float((held_out[labels == 0] > limit).mean()),
    )
