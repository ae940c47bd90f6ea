"""Which texts are best labelled next: those that a classifier is unsure of, and that are unlike each other."""

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

# So many times as many texts as are wanted are looked at, the most uncertain ones.
_LOOKED_AT = 10

Matrix = npt.NDArray[np.floating]


def uncertainty(probabilities: Matrix) -> npt.NDArray[np.float64]:
    """Returns 1 less the margin between the two most probable labels of each text, float64 `(texts,)`."""
    best = np.sort(probabilities.astype(np.float64), axis=1)[:, -2:]
    found: npt.NDArray[np.float64] = 1.0 - (best[:, 1] - best[:, 0])
    return found


def suggest(probabilities: Matrix, vectors: Matrix, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Returns the rows of texts to label next, int64 `(count,)`, the most uncertain one first; all where there are few.

    The most uncertain texts, ten times as many as are wanted, are cut into as many groups as are wanted by k-means that
    weighs them by their uncertainty; the one in the middle of each group is taken.

    Source: Zhdanov, "Diverse mini-batch active learning", 2019.

    Args:
        probabilities: `(texts, labels)` by the classifier of now.
        vectors: `(texts, dimensions)` of length 1, near to each other where texts are alike.
        count: Texts that are wanted.
        seed: Of k-means.
    """
    unsure = uncertainty(probabilities)
    order = np.argsort(-unsure, kind="stable")
    if len(order) <= count:
        return order
    looked_at = order[: _LOOKED_AT * count]
    weights = np.maximum(unsure[looked_at], 1e-6)
    with warnings.catch_warnings():
        # That there are fewer groups, as texts are alike.
        warnings.simplefilter("ignore", ConvergenceWarning)
        groups = KMeans(n_clusters=count, n_init=1, random_state=seed).fit(vectors[looked_at], sample_weight=weights)
    away = np.linalg.norm(vectors[looked_at] - groups.cluster_centers_[groups.labels_], axis=1)
    taken = []
    for group in range(count):
        members = np.flatnonzero(groups.labels_ == group)
        if len(members):
            taken.append(int(members[away[members].argmin()]))
    # Equal texts leave groups empty; the most uncertain others fill them.
    others = [place for place in range(len(looked_at)) if place not in set(taken)]
    places = np.sort(np.array([*taken, *others[: count - len(taken)]], np.int64))
    found: npt.NDArray[np.int64] = looked_at[places]
    return found
