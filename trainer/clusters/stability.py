"""How much clusters stay the same when products are drawn anew."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_rand_score

from trainer.clusters.options import ClusterCounts
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids
from trainer.metrics.bootstrap import Interval, bootstrap_intervals


def cluster_stability(
    vectors: npt.NDArray[np.float32],
    leaves: npt.NDArray[np.int32],
    parents: npt.NDArray[np.int32],
    counts: ClusterCounts,
    seed: int,
    resamples: int,
) -> tuple[Interval, Interval]:
    """Estimates the stability of top clusters and of leaves, in this order, by the bootstrap of Hennig (2007).

    Products are drawn with replacement and clustered with another seed each time; both partitions are compared on the
    products that were drawn. This is a variant of "Cluster-wise assessment of cluster stability": the adjusted Rand
    index of whole partitions stands for the Jaccard index of each cluster, since it is corrected for chance. 1 is the
    same partition every time, 0 what chance would give. The intervals are those of the mean over the resamples.

    Args:
        vectors: float32 `(products, dimensions)`.
        leaves: int32 `(products,)`, the clusters of all products.
        parents: int32 `(leaves,)`.
        counts: Clusters to look for.
        seed: Of the resamples and of k-means.
        resamples: The number of times.
    """
    generator = np.random.default_rng(seed)
    values = np.zeros((resamples, 2))
    for resample in range(resamples):
        drawn = np.bincount(generator.integers(len(vectors), size=len(vectors)), minlength=len(vectors))
        rows = np.flatnonzero(drawn)
        found = fit_two_levels(vectors[rows], drawn[rows].astype(np.float64), counts, seed + 1000 * (resample + 1))
        again = nearest_centroids(vectors[rows], found.centroids)
        values[resample, 0] = adjusted_rand_score(parents[leaves[rows]], found.parents[again])
        values[resample, 1] = adjusted_rand_score(leaves[rows], again)
    top, leaf = bootstrap_intervals(values, seed)
    return top, leaf
