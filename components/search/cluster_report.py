"""How good the clusters of a catalogue are, judged by what they were not told."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.search.examples.product_parts import product_parts
from serving.graph.catalogue import CATEGORY_SEPARATOR
from trainer.artifacts.catalogue import distinct_texts
from trainer.clusters.category_free_texts import without_category_words
from trainer.clusters.options import ClusterOptions
from trainer.clusters.products import ProductClusters
from trainer.clusters.quality import JudgedProducts, measure_clusters
from trainer.search.encoder import SearchEncoder


def report_clusters(
    clusters: ProductClusters,
    vectors: np.ndarray,
    catalogue: pa.Table,
    encoder: SearchEncoder,
    options: ClusterOptions,
    *,
    batch_size: int,
    seed: int,
) -> dict[str, Any] | None:
    """Measures the clusters beside k-means on TF-IDF, both against the category column.

    The texts of a sample of `options.judged_products` products are embedded without the words of their categories, so
    that clusters are not judged by what they were told; see `trainer.clusters.quality.measure_clusters`.

    Args:
        clusters: Of the catalogue.
        vectors: float32 `(products, dimensions)`, of its texts.
        catalogue: The catalogue.
        encoder: What embedded the texts.
        options: Of the clusters.
        batch_size: Texts embedded at once.
        seed: Of the sample and of all that is fitted.

    Returns:
        Numbers that JSON can hold; None where no product has a category.
    """
    with_category = np.flatnonzero(pc.not_equal(catalogue["category"], "").to_numpy(zero_copy_only=False))
    if not len(with_category):
        return None
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(with_category)[: options.judged_products])
    sample = catalogue.take(pa.array(rows))
    categories = sample["category"].to_pylist()
    texts = without_category_words(sample["text"].to_pylist(), categories)
    places, distinct = distinct_texts(texts)
    judged = JudgedProducts(
        vectors=encoder.embed(distinct, batch_size)[places],
        texts=texts,
        categories=categories,
        parts=product_parts(sample),
    )
    return measure_clusters(
        clusters,
        vectors,
        judged,
        options,
        seed,
        parts=product_parts(catalogue),
        category_separator=CATEGORY_SEPARATOR,
        max_products=options.judged_products,
    )
