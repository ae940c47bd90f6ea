"""Products in clusters on two levels, with labels, for search results."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer.clusters.fused_vectors import ProductParts, VectorFusion, fit_fusion
from trainer.clusters.labels import ClusterLabels, label_clusters
from trainer.clusters.options import ClusterCounts, ClusterOptions
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProductClusters:
    """A catalogue in leaf clusters, and these in top clusters; both with the most products first, none is empty.

    Attributes:
        cluster_ids: int32 `(products,)`, the leaf of each product.
        labels: One a leaf, each once; begins with the parent's label.
        centroids: float32 `(leaves, dimensions)`, in the space of the fused vectors.
        parents: int32 `(leaves,)`, the top cluster of each leaf, not decreasing.
        parent_labels: One a top cluster, each once.
        fusion: How parts of products are put beside their text vectors.
    """

    cluster_ids: Indices
    labels: list[str]
    centroids: Vectors
    parents: Indices
    parent_labels: list[str]
    fusion: VectorFusion

    def assign(self, vectors: Vectors, parts: ProductParts | None = None) -> Indices:
        """Returns the leaf with the nearest centroid for any products, in the catalogue or not.

        Args:
            vectors: float32 `(products, dimensions)`, of their texts, from the encoder of the catalogue's.
            parts: What else is known of them; read where the clusters were made from such parts.

        Returns:
            int32 `(products,)`.

        Raises:
            ValueError: The vectors are of other dimensions than the catalogue's, or parts do not go with them.
        """
        fused = self.fusion.fuse(vectors, parts or ProductParts())
        if fused.shape[1:] != self.centroids.shape[1:]:
            raise ValueError(
                f"`vectors` and `parts` should have {self.centroids.shape[1]} dimensions together, as the clustered "
                f"ones. Received {fused.shape[1:]}: take the vectors of the same text encoder."
            )
        return nearest_centroids(fused, self.centroids)


def cluster_products(
    vectors: Vectors,
    texts: Sequence[str],
    options: ClusterOptions,
    seed: int,
    parts: ProductParts | None = None,
    counts: ClusterCounts | None = None,
) -> ProductClusters:
    """Groups products by k-means on two levels and labels the groups.

    Each distinct text is one vector with the weight of its products, so products of one text are in one cluster;
    where parts are fused, those are in one cluster whose parts are equal too. k-means learns from a random sample of at
    most `options.sample_size` vectors, then each product goes to the nearest leaf.

    The cost is that of `fit_two_levels` for the sample, `products * leaves * dimensions` multiplications, and the words
    of `options.texts_per_label` texts a leaf: for vectors of 384 some 15 seconds of one core for 20,000 distinct texts
    in 215 leaves, and 90 for 300,000 in 387. Memory holds the sample twice and the distinct vectors once.

    Args:
        vectors: float32 `(products, dimensions)`, L2-normalised.
        texts: `(products,)`; equal texts are taken to have equal vectors.
        options: Sizes and weights.
        seed: Of the sample and of k-means; the same products, options and seed give the same clusters and labels.
        parts: Images, prices and ratings; read where the options give them a weight.
        counts: The numbers of clusters to look for, instead of those that the options have for so many products.

    Raises:
        ValueError: There are no products, or they are not as many texts as vectors, or a vector is not finite.
    """
    if not len(vectors) or len(texts) != len(vectors):
        raise ValueError(
            "`vectors` and `texts` should have a row for each of at least one product. "
            f"Received {len(vectors)} and {len(texts)}."
        )
    parts = parts or ProductParts()
    fusion = fit_fusion(parts, options)
    if fusion.text_only:
        groups, _ = pd.factorize(np.asarray(texts, dtype=object))
        _, rows = np.unique(groups, return_index=True)
        fused = vectors[rows]
    else:
        groups = rows = np.arange(len(vectors))
        fused = fusion.fuse(vectors, parts)
    if not np.isfinite(fused).all():
        raise ValueError("`vectors` should be finite. Received NaN or infinity: encode those texts again.")
    weights = np.bincount(groups).astype(np.float64)
    generator = np.random.default_rng(seed)
    sample: npt.NDArray[np.intp] | slice = slice(None)
    if len(fused) > options.sample_size:
        sample = np.sort(generator.choice(len(fused), options.sample_size, replace=False))
    found = fit_two_levels(fused[sample], weights[sample], counts or options.counts(len(vectors)), seed)
    leaves, order = _by_size(nearest_centroids(fused, found.centroids), weights, found.parents)
    # Numbers by size, as the leaves are: the first leaf's parent is 0, and so on.
    parents = pd.factorize(found.parents[order])[0].astype(np.int32)
    labels = _label([texts[row] for row in rows], weights, leaves, parents, options, generator)
    return ProductClusters(
        cluster_ids=leaves[groups],
        labels=labels.leaves,
        centroids=found.centroids[order],
        parents=parents,
        parent_labels=labels.parents,
        fusion=fusion,
    )


def _by_size(
    leaves: Indices, weights: npt.NDArray[np.float64], parents: Indices
) -> tuple[Indices, npt.NDArray[np.intp]]:
    """Numbers the leaves that have products, those of the largest top cluster first.

    Returns:
        The new number of each row's leaf, int32 `(rows,)`, and the old numbers in the new order.
    """
    sizes = np.bincount(leaves, weights, minlength=len(parents))
    parent_sizes = np.bincount(parents, sizes)[parents]
    order = np.lexsort((-sizes, parents, -parent_sizes))
    order = order[sizes[order] > 0]
    numbers = np.zeros(len(parents), np.int32)
    numbers[order] = np.arange(len(order))
    return numbers[leaves], order


def _label(
    texts: list[str],
    weights: npt.NDArray[np.float64],
    leaves: Indices,
    parents: Indices,
    options: ClusterOptions,
    generator: np.random.Generator,
) -> ClusterLabels:
    """Labels from a random sample of each leaf's texts, which then stand for all of its products."""
    shuffled = generator.permutation(len(texts))
    by_leaf = shuffled[np.argsort(leaves[shuffled], kind="stable")]
    starts = np.searchsorted(leaves[by_leaf], np.arange(len(parents)))
    places = np.arange(len(texts)) - starts[leaves[by_leaf]]
    rows = np.sort(by_leaf[places < options.texts_per_label])
    kept = np.bincount(leaves[rows], weights[rows], minlength=len(parents))
    scale = np.bincount(leaves, weights, minlength=len(parents)) / kept
    return label_clusters(
        [texts[row] for row in rows], weights[rows] * scale[leaves[rows]], leaves[rows], parents, options.label_words
    )
