"""How many segments there are: as many as come out the same when other users are asked."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from components.segmentation.discovery.options import DiscoveryOptions

_STARTS, _RESAMPLE_STARTS = 20, 5
_SILHOUETTE_USERS = 2_000

Vectors = npt.NDArray[np.floating]


class Tried(NamedTuple):
    """A number of segments.

    Attributes:
        segments: The number.
        stability: Mean adjusted Rand index of what halves of the users say of all of them with what all say.
        silhouette: Mean silhouette width by cosine distance (Rousseeuw, 1987).
        centroids: Means of the segments' users, `(segments, dimensions)`.
    """

    segments: int
    stability: float
    silhouette: float
    centroids: Vectors

    @property
    def worth(self) -> float:
        """Stability times silhouette: segments should come out again, and lie apart."""
        return self.stability * self.silhouette


def choose_segments(vectors: Vectors, options: DiscoveryOptions, seed: int) -> tuple[Tried, list[Tried]]:
    """Finds segments by k-means, and how many there are.

    Each number is tried on halves of the users, drawn at random: a segmentation that is of the shop and not of the
    sample says the same of all users whichever half it was found in (after Hennig, "Cluster-wise assessment of cluster
    stability", 2007, with the adjusted Rand index in place of Jaccard's). The number with the largest stability times
    silhouette is taken.

    Args:
        vectors: Unit vectors of the users, `(users, dimensions)`.
        options: The numbers to try, and how often.
        seed: Of the starts and the halves.

    Returns:
        The chosen number and all that were tried, the fewest first.

    Raises:
        ValueError: There are fewer distinct vectors than segments that are wanted at the least.
    """
    distinct = len(np.unique(vectors.round(6), axis=0)) if vectors.size else 0
    if distinct < options.fewest:
        raise ValueError(f"there are {distinct} distinct users, but {options.fewest} segments at the least")
    # Threads that wait for each other take longer than so few vectors.
    with threadpool_limits(1):
        numbers = range(options.fewest, min(options.most, distinct) + 1)
        tried = [_try(vectors, number, options.resamples, seed) for number in numbers]
    return max(tried, key=lambda each: each.worth), tried


def nearest(vectors: Vectors, centroids: Vectors) -> npt.NDArray[np.int64]:
    """Returns the nearest centroid of each vector, `(users,)`; -1 of a vector of zeros."""
    places = (vectors @ centroids.T - 0.5 * (centroids**2).sum(axis=1)).argmax(axis=1)
    return np.where((vectors != 0.0).any(axis=1), places, -1).astype(np.int64)


def move_to_users(vectors: Vectors, centroids: Vectors) -> Vectors:
    """Returns the means that k-means comes to from some centroids."""
    with threadpool_limits(1):
        found: Vectors = KMeans(len(centroids), init=centroids, n_init=1).fit(vectors).cluster_centers_
    return found


def _try(vectors: Vectors, segments: int, resamples: int, seed: int) -> Tried:
    found = KMeans(segments, n_init=_STARTS, random_state=seed).fit(vectors)
    generator = np.random.default_rng((seed, segments))
    same = []
    for _ in range(resamples):
        half = generator.permutation(len(vectors))[: max(segments, len(vectors) // 2)]
        starts = int(generator.integers(2**31))
        again = KMeans(segments, n_init=_RESAMPLE_STARTS, random_state=starts).fit(vectors[half])
        same.append(adjusted_rand_score(found.labels_, again.predict(vectors)))
    return Tried(segments, float(np.mean(same)), _silhouette(vectors, found.labels_), found.cluster_centers_)


def _silhouette(vectors: Vectors, labels: Sequence[int] | npt.NDArray[np.int32]) -> float:
    places = np.random.default_rng(0).permutation(len(vectors))[:_SILHOUETTE_USERS]
    labels = np.asarray(labels)[places]
    if not 1 < len(np.unique(labels)) < len(labels):
        return 0.0
    return float(silhouette_score(vectors[places], labels, metric="cosine"))
