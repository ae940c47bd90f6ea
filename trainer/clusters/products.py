"""Products in clusters on two levels, with labels."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer.clusters.category_names import name_clusters
from trainer.clusters.fused_vectors import ProductParts, VectorFusion, fit_fusion
from trainer.clusters.labels import ClusterLabels, label_clusters
from trainer.clusters.learning.evidence import text_categories
from trainer.clusters.learning.learned_vectors import LearnedVectors
from trainer.clusters.learning.projection import Projection
from trainer.clusters.options import ClusterCounts, ClusterOptions
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProductClusters:
    """A catalogue in leaf clusters, and these in top clusters; both with the most products first, none is empty.

    Attributes:
        cluster_ids: int32 `(products,)`, the leaf of each product.
        labels: One a leaf, each once.
        centroids: float32 `(leaves, dimensions)`, in the space of the vectors that were clustered.
        parents: int32 `(leaves,)`, the top cluster of each leaf, not decreasing.
        parent_labels: One a top cluster, each once.
        fusion: How parts of products are put beside their text vectors.
        projection: What was learned, by which text vectors are changed first; None where they stay as they are.
    """

    cluster_ids: Indices
    labels: list[str]
    centroids: Vectors
    parents: Indices
    parent_labels: list[str]
    fusion: VectorFusion
    projection: Projection | None = None

    def clustered_vectors(self, vectors: Vectors, parts: ProductParts | None = None) -> Vectors:
        """Returns the vectors that are clustered, of texts or products, in the catalogue or not.

        Args:
            vectors: float32 `(rows, dimensions)`, of their texts, from the encoder of the catalogue's.
            parts: What else is known of them; read where the clusters were made from such parts.

        Returns:
            float32 `(rows, dimensions of the centroids)`.

        Raises:
            ValueError: The vectors are of other dimensions than the catalogue's, or parts do not go with them.
        """
        projected = vectors if self.projection is None else self.projection.apply(vectors)
        fused = self.fusion.fuse(projected, parts or ProductParts())
        if fused.shape[1:] != self.centroids.shape[1:]:
            raise ValueError(
                f"`vectors` and `parts` should have {self.centroids.shape[1]} dimensions together, as the clustered "
                f"ones. Received {fused.shape[1:]}: take the vectors of the same text encoder."
            )
        return fused

    def assign(self, vectors: Vectors, parts: ProductParts | None = None) -> Indices:
        """Returns the leaf with the nearest centroid, int32 `(rows,)`; see `clustered_vectors`."""
        return nearest_centroids(self.clustered_vectors(vectors, parts), self.centroids)


def cluster_products(
    vectors: Vectors,
    texts: Sequence[str],
    text_of_product: npt.NDArray[np.integer],
    options: ClusterOptions,
    seed: int,
    *,
    parts: ProductParts | None = None,
    categories: Sequence[str] | None = None,
    learned: LearnedVectors | None = None,
    counts: ClusterCounts | None = None,
) -> ProductClusters:
    """Groups products by k-means on two levels and labels the groups.

    Each distinct text is one vector with the weight of its products, so products of one text are in one cluster.
    k-means learns from a random sample of at most `options.sample_size` texts, then each goes to the nearest leaf.
    Clusters are called by the shop's categories (`name_clusters`), and those without any by their words
    (`label_clusters`).

    The cost is that of `fit_two_levels` for the sample, `texts * leaves * dimensions` multiplications, and the words
    of `options.texts_per_label` texts a leaf, so it grows in proportion to the catalogue, and to the number of leaves.
    Memory holds the sample twice and the vectors once.

    Args:
        vectors: float32 `(texts, dimensions)`, L2-normalised.
        texts: Distinct ones, `(texts,)`.
        text_of_product: int `(products,)`, the text of each; every text has a product.
        options: Sizes and weights.
        seed: Of the sample and of k-means; the same products, options and seed give the same clusters and labels.
        parts: Images, prices and ratings of the texts (`ProductParts.of_texts`); read where they have a weight.
        categories: `(products,)`, paths such as `Grocery > Bread > Rolls`, empty for none.
        learned: What was learned of the vectors and is put beside them; without it they stay as they are, with the
            parts that the options give a weight.
        counts: The numbers of clusters to look for, instead of those that the options have for so many products.

    Raises:
        ValueError: There are no products, or they are not as many texts as vectors, or a vector is not finite.
    """
    if not len(vectors) or len(texts) != len(vectors):
        raise ValueError(
            "`vectors` and `texts` should have a row for each of at least one text. "
            f"Received {len(vectors)} and {len(texts)}."
        )
    if not np.isfinite(vectors).all():
        raise ValueError("`vectors` should be finite. Received NaN or infinity: encode those texts again.")
    parts = parts or ProductParts()
    fusion = learned.fusion if learned else fit_fusion(parts, options)
    projection = learned.projection if learned else None
    fused = fusion.fuse(vectors if projection is None else projection.apply(vectors), parts)
    weights = np.bincount(text_of_product, minlength=len(texts)).astype(np.float64)
    generator = np.random.default_rng(seed)
    sample: npt.NDArray[np.intp] | slice = slice(None)
    if len(fused) > options.sample_size:
        sample = np.sort(generator.choice(len(fused), options.sample_size, replace=False))
    found = fit_two_levels(fused[sample], weights[sample], counts or options.counts(len(text_of_product)), seed)
    leaves, order = _by_size(nearest_centroids(fused, found.centroids), weights, found.parents)
    # Numbers by size, as the leaves are: the first leaf's parent is 0, and so on.
    parents = pd.factorize(found.parents[order])[0].astype(np.int32)
    labels = _label(texts, weights, leaves, parents, options, generator)
    if categories is not None:
        paths = text_categories(categories, text_of_product, len(texts)).tolist()
        labels = ClusterLabels(
            leaves=_named(name_clusters(paths, weights, leaves, len(parents)), labels.leaves),
            parents=_named(name_clusters(paths, weights, parents[leaves], parents[-1] + 1), labels.parents),
        )
    return ProductClusters(
        cluster_ids=leaves[text_of_product],
        labels=labels.leaves,
        centroids=found.centroids[order],
        parents=parents,
        parent_labels=labels.parents,
        fusion=fusion,
        projection=projection,
    )


def _named(names: Sequence[str | None], otherwise: Sequence[str]) -> list[str]:
    """Returns the names, and labels of words for clusters without one, each once."""
    used = {name for name in names if name is not None}
    found = []
    for name, label in zip(names, otherwise, strict=True):
        if name is None:
            name, number = label, 1
            while name in used:
                number += 1
                name = f"{label} {number}"
            used.add(name)
        found.append(name)
    return found


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
    texts: Sequence[str],
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
