"""The clusters of a search catalogue: learned, found, named and measured."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.search.cluster_report import report_clusters
from components.search.examples.product_parts import product_parts
from trainer.clusters.learning.learned_vectors import learn_vectors
from trainer.clusters.learning.together import Occurrences
from trainer.clusters.options import ClusterOptions
from trainer.clusters.products import ProductClusters, cluster_products
from trainer.search.encoder import SearchEncoder


class CatalogueClusters(NamedTuple):
    """Clusters and what `index.json` says of them; see `report_clusters`."""

    clusters: ProductClusters
    report: dict[str, Any]


def cluster_catalogue(
    catalogue: pa.Table,
    texts: Sequence[str],
    vectors: npt.NDArray[np.float32],
    text_of_product: npt.NDArray[np.integer],
    encoder: SearchEncoder,
    together: Callable[[], Occurrences],
    options: ClusterOptions,
    *,
    batch_size: int,
    seed: int,
) -> CatalogueClusters:
    """Clusters a catalogue by its distinct texts, and measures the clusters.

    Args:
        catalogue: What `components.search.examples.catalogue.build_search_catalogue` made.
        texts: Distinct ones.
        vectors: float32 `(texts, dimensions)`.
        text_of_product: int `(products,)`, the text of each product.
        encoder: What embedded the texts; it embeds some of them with words left out.
        together: Reads what is bought or found together, which is not done where categories are learned.
        options: Of the clusters.
        batch_size: Texts embedded at once.
        seed: Of all that is drawn and fitted.
    """
    categories = catalogue["category"].to_pylist()
    parts = product_parts(catalogue).of_texts(text_of_product, len(texts))
    learned = learn_vectors(
        vectors,
        texts,
        text_of_product,
        categories,
        together,
        parts,
        lambda views: encoder.embed(views, batch_size),
        options,
        seed,
    )
    clusters = cluster_products(
        vectors, texts, text_of_product, options, seed, parts=parts, categories=categories, learned=learned
    )
    report = report_clusters(
        clusters,
        learned,
        vectors,
        texts,
        text_of_product,
        catalogue,
        encoder,
        options,
        batch_size=batch_size,
        seed=seed,
    )
    return CatalogueClusters(clusters, report)
