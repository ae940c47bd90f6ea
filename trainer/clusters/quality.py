"""How good clusters of products are, beside the same k-means on TF-IDF and on other parts of the products."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

from trainer.clusters.fused_vectors import ProductParts, fit_fusion
from trainer.clusters.latent_semantic_vectors import latent_semantic_vectors
from trainer.clusters.options import NUMBER_WEIGHT, ClusterCounts, ClusterOptions
from trainer.clusters.products import ProductClusters
from trainer.clusters.stability import cluster_stability
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

# Weights of parts that the options leave out, for the ablations that put them in.
_ABLATION_IMAGE_WEIGHT = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class JudgedProducts:
    """Products whose clusters are compared with their categories.

    Attributes:
        vectors: float32 `(products, dimensions)` of texts without the words of the category, since clusters would
            otherwise be judged by what they were told; see `without_category_words`.
        texts: Those texts, `(products,)`.
        categories: Paths such as `Grocery > Bread > Rolls`, `(products,)`; empty where a product has none.
        whole_vectors: float32 `(products, dimensions)` of the texts as they are.
        whole_texts: The texts as they are, `(products,)`.
        parts: What else is known of them.
    """

    vectors: Vectors
    texts: Sequence[str]
    categories: Sequence[str]
    whole_vectors: Vectors
    whole_texts: Sequence[str]
    parts: ProductParts = dataclasses.field(default_factory=ProductParts)


def measure_clusters(
    clusters: ProductClusters,
    vectors: Vectors,
    judged: JudgedProducts,
    options: ClusterOptions,
    seed: int,
    *,
    text_of_product: npt.NDArray[np.integer],
    parts: ProductParts | None = None,
    category_separator: str = " > ",
    max_products: int = 5000,
    resamples: int = 5,
) -> dict[str, Any]:
    """Measures the clusters of a catalogue, and what k-means finds with other vectors of the same products.

    `clusters` are measured as they are, on the vectors that they were made from. The systems that are compared with
    each other are k-means on vectors of `judged`, whose texts have to be without the category's words and, where
    categories were learned, held out from that, with the numbers of clusters of the catalogue:

    - `text` (its vectors) and `tfidf` (`latent_semantic_vectors` of the same texts);
    - `trained`, where a projection was learned: the vectors after it;
    - with `_and_image` and `_and_price_and_rating`, where a product has such parts: both with them beside, with the
      weights of the options or, where those give none, with 1 for images and 0.2 for each number;
    - `catalogue`: with what the catalogue was clustered by.

    Each system has for `top` and `leaf` clusters: their number; `silhouette`, the mean silhouette width (Rousseeuw,
    1987) by cosine distance between the distinct vectors of the system, and `silhouette_text`, by that between the
    vectors of texts; purity (the share of products that are of their cluster's commonest category), normalised mutual
    information and the adjusted Rand index (Hubert and Arabie, 1985) with the top level and the full path of the
    category, over products that have one; and the stability of `cluster_stability`. Purity and mutual information are
    not corrected for chance, and grow with the number of clusters; the Rand index is.

    `whole_texts` has the same but silhouettes and stability for `text`, `tfidf` and `trained` on the texts as they are,
    in which a shop often writes what the category is.

    All is done on random samples, so that it takes the same time for catalogues of any size.

    Args:
        clusters: Of the catalogue.
        vectors: float32 `(texts, dimensions)`, of the catalogue's distinct texts.
        judged: Of the catalogue too, or a sample of it.
        options: Of the clusters.
        seed: Of all samples and fits.
        text_of_product: int `(products,)`, the text of each of the catalogue's products.
        parts: Of the texts, where the clusters were made from such parts.
        category_separator: Between the levels of a category.
        max_products: Products that are sampled for each comparison at the most.
        resamples: Bootstrap resamples for the stability of a system.

    Returns:
        Numbers that JSON can hold; None where one is not defined.
    """
    generator = np.random.default_rng(seed)
    rows = _sample(len(text_of_product), max_products, generator)
    of_rows = text_of_product[rows]
    fused = clusters.clustered_vectors(vectors[of_rows], (parts or ProductParts()).take(of_rows))
    sizes = np.bincount(clusters.cluster_ids, minlength=len(clusters.labels))
    found: dict[str, Any] = {
        "products": len(clusters.cluster_ids),
        "median_leaf_products": float(np.median(sizes)),
        "largest_leaf_share": float(sizes.max() / sizes.sum()),
    }
    ids = {"top": clusters.parents[clusters.cluster_ids[rows]], "leaf": clusters.cluster_ids[rows]}
    numbers = {"top": len(clusters.parent_labels), "leaf": len(clusters.labels)}
    for level in ids:
        found[level] = {"clusters": numbers[level], "silhouette": _silhouette(fused, ids[level])}

    rows = _sample(len(judged.vectors), max_products, generator)
    counts = ClusterCounts(tops=numbers["top"], leaves=numbers["leaf"])
    texts = judged.vectors[rows]
    truths = _truths([judged.categories[row] for row in rows], category_separator)
    systems = _systems(clusters, judged, rows, options, seed)
    measured: dict[int, dict[str, Any]] = {}
    for system in systems.values():
        # What the catalogue was clustered by is most often one of the others.
        if id(system) not in measured:
            measured[id(system)] = _measure_system(system, texts, truths, counts, seed, resamples)
    whole = _text_systems(clusters, judged.whole_vectors[rows], [judged.whole_texts[row] for row in rows], seed)
    return {
        "clusters": found,
        "judged_products": len(rows),
        "systems": {name: measured[id(system)] for name, system in systems.items()},
        "whole_texts": {name: _measure_truths(system, truths, counts, seed) for name, system in whole.items()},
    }


def purity(truth: Sequence[str], ids: Indices) -> float:
    """Returns the share of rows that have the commonest truth of their cluster (Manning et al., 2008, chapter 16.3)."""
    table = pd.crosstab(pd.Series(ids), pd.Series(truth)).to_numpy()
    return float(table.max(axis=1).sum() / table.sum())


def _sample(products: int, at_most: int, generator: np.random.Generator) -> npt.NDArray[np.intp]:
    if products <= at_most:
        return np.arange(products)
    return np.sort(generator.choice(products, at_most, replace=False))


def _text_systems(clusters: ProductClusters, vectors: Vectors, texts: Sequence[str], seed: int) -> dict[str, Vectors]:
    systems = {"text": vectors, "tfidf": latent_semantic_vectors(texts, seed)}
    if clusters.projection is not None:
        systems["trained"] = clusters.projection.apply(vectors)
    return systems


def _systems(
    clusters: ProductClusters,
    judged: JudgedProducts,
    rows: npt.NDArray[np.intp],
    options: ClusterOptions,
    seed: int,
) -> dict[str, Vectors]:
    """Returns the vectors of each system that the products have the parts for."""
    parts = judged.parts.take(rows)
    systems = _text_systems(clusters, judged.vectors[rows], [judged.texts[row] for row in rows], seed)
    numbers = {
        "price_weight": options.price_weight or NUMBER_WEIGHT,
        "rating_weight": options.rating_weight or NUMBER_WEIGHT,
    }
    images = {"image_weight": options.image_weight or _ABLATION_IMAGE_WEIGHT}
    none = {"image_weight": 0.0, "price_weight": 0.0, "rating_weight": 0.0}
    for name, weights in (("image", {**none, **images}), ("price_and_rating", {**none, **numbers})):
        fusion = fit_fusion(parts, options.model_copy(update=weights))
        if not fusion.text_only:
            for base in ("text", "trained"):
                if base in systems:
                    systems[f"{base}_and_{name}"] = fusion.fuse(systems[base], parts)
    learned = systems["text" if clusters.projection is None else "trained"]
    systems["catalogue"] = clusters.fusion.fuse(learned, parts)
    return systems


def _truths(categories: Sequence[str], separator: str) -> "dict[str, pd.Series[str]]":
    """Returns what clusters are compared with; empty for products without a category."""
    paths = pd.Series(list(categories), dtype=object).fillna("")
    return {"top_level": paths.str.split(separator, regex=False).str[0], "full_path": paths}


def _measure_truths(
    vectors: Vectors, truths: "dict[str, pd.Series[str]]", counts: ClusterCounts, seed: int
) -> dict[str, Any]:
    centroids, parents = fit_two_levels(vectors, np.ones(len(vectors)), counts, seed)
    leaves = nearest_centroids(vectors, centroids)
    return {"top": _compare(parents[leaves], truths), "leaf": _compare(leaves, truths)}


def _compare(ids: Indices, truths: "dict[str, pd.Series[str]]") -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for name, truth in truths.items():
        known = (truth != "").to_numpy()
        pair = truth[known].to_numpy(), ids[known]
        measures = {
            f"purity_{name}": purity,
            f"normalized_mutual_information_{name}": normalized_mutual_info_score,
            f"adjusted_rand_index_{name}": adjusted_rand_score,
        }
        numbers |= {key: float(measure(*pair)) if known.any() else None for key, measure in measures.items()}
    return numbers


def _measure_system(
    vectors: Vectors,
    texts: Vectors,
    truths: "dict[str, pd.Series[str]]",
    counts: ClusterCounts,
    seed: int,
    resamples: int,
) -> dict[str, Any]:
    centroids, parents = fit_two_levels(vectors, np.ones(len(vectors)), counts, seed)
    leaves = nearest_centroids(vectors, centroids)
    stability = cluster_stability(vectors, leaves, parents, counts, seed, resamples)
    return {
        level: {
            "clusters": len(np.unique(ids)),
            "silhouette": _silhouette(vectors, ids),
            "silhouette_text": _silhouette(texts, ids),
            "stability_adjusted_rand_index": {name: _defined(value) for name, value in stable._asdict().items()},
            **_compare(ids, truths),
        }
        for level, ids, stable in zip(("top", "leaf"), (parents[leaves], leaves), stability, strict=True)
    }


def _silhouette(vectors: Vectors, ids: Indices) -> float | None:
    """Returns the mean silhouette width over distinct vectors; None unless there are from 2 to one less clusters.

    Equal vectors are taken once: at a distance of 0 they would lift the mean wherever titles repeat.
    """
    _, first_rows = np.unique([row.tobytes() for row in vectors], return_index=True)
    distinct, clusters = vectors[first_rows], ids[first_rows]
    if not 1 < len(np.unique(clusters)) < len(clusters):
        return None
    return float(silhouette_score(distinct, clusters, metric="cosine"))


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
