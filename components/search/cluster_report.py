"""How good the clusters of a catalogue are, judged by what they were not told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.search.examples.product_parts import product_parts
from serving.graph.catalogue import CATEGORY_SEPARATOR
from trainer.artifacts.catalogue import distinct_texts
from trainer.clusters.category_free_texts import without_category_words
from trainer.clusters.learning.held_out import hold_out
from trainer.clusters.learning.learned_vectors import LearnedVectors
from trainer.clusters.options import ClusterOptions
from trainer.clusters.products import ProductClusters
from trainer.clusters.quality import JudgedProducts, measure_clusters
from trainer.search.encoder import SearchEncoder


def report_clusters(
    clusters: ProductClusters,
    learned: LearnedVectors,
    vectors: npt.NDArray[np.float32],
    texts: Sequence[str],
    text_of_product: npt.NDArray[np.integer],
    catalogue: pa.Table,
    encoder: SearchEncoder,
    options: ClusterOptions,
    *,
    batch_size: int,
    seed: int,
) -> dict[str, Any]:
    """Says what was learned for the clusters, and measures them beside k-means on TF-IDF against the category column.

    Clusters are not judged by what they were told: the products are some whose texts were held out, all of each text,
    when categories were learned and when it was chosen what is used; and their texts are embedded without the words of
    their categories. See `trainer.clusters.quality.measure_clusters`.

    Args:
        clusters: Of the catalogue.
        learned: By what vectors they were found.
        vectors: float32 `(texts, dimensions)`.
        texts: Distinct ones.
        text_of_product: int `(products,)`.
        catalogue: The catalogue.
        encoder: What embedded the texts.
        options: Of the clusters.
        batch_size: Texts embedded at once.
        seed: Of the sample and of all that is fitted.

    Returns:
        Numbers that JSON can hold: `learned_from` and `agreements` of `LearnedVectors`, `labels` (those of the top
        clusters), and where a product that was held out has a category, what `measure_clusters` returns.
    """
    report: dict[str, Any] = {
        "learned_from": learned.learned_from,
        "agreements": learned.agreements,
        "labels": clusters.parent_labels,
    }
    with_category = pc.not_equal(catalogue["category"], "").to_numpy(zero_copy_only=False)
    held_out = np.flatnonzero(hold_out(texts).judged[text_of_product] & with_category)
    if not len(held_out):
        return report
    rows = np.sort(np.random.default_rng(seed).permutation(held_out)[: options.judged_products])
    sample, of_rows = catalogue.take(pa.array(rows)), text_of_product[rows]
    categories, whole_texts = sample["category"].to_pylist(), sample["text"].to_pylist()
    bare = without_category_words(whole_texts, categories)
    places, distinct = distinct_texts(bare)
    judged = JudgedProducts(
        vectors=encoder.embed(distinct, batch_size)[places],
        texts=bare,
        categories=categories,
        whole_vectors=vectors[of_rows],
        whole_texts=whole_texts,
        parts=product_parts(sample),
    )
    measured = measure_clusters(
        clusters,
        vectors,
        judged,
        options,
        seed,
        text_of_product=text_of_product,
        parts=product_parts(catalogue).of_texts(text_of_product, len(texts)),
        category_separator=CATEGORY_SEPARATOR,
        max_products=options.judged_products,
    )
    return report | measured
