"""Writes a search encoder and a catalogue as the SavedModel that is served."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from serving.graph.warm_up_file import EXTRA_ASSETS_FOLDER
from serving.model_names import SEARCH_MODEL
from serving.search.module import SearchModule
from serving.search.personal.reranking import PersonalModel
from serving.search.products import SearchedProducts
from serving.signature_names import EVALUATE
from trainer.clusters.files import save_product_clusters
from trainer.clusters.products import ProductClusters
from trainer.exporting import byte_strings, products_of, write_extra_assets
from trainer.search.personal.files import save_reranker

# The signature by which parts of the model are compared; never in the model that is served.
WEIGHTED_SIGNATURE = "weighted"


def text_hashes(texts: Sequence[str], categories: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
    """Returns 63 bits of sha256 of each text with its categories: what its vector is made of."""
    digests = (
        hashlib.sha256("\0".join([text, *paths]).encode("utf-8", "surrogatepass")).digest()[:8]
        for text, paths in zip(texts, categories, strict=True)
    )
    return np.fromiter((int.from_bytes(digest, "big") >> 1 for digest in digests), np.int64, len(texts))


def searched_products(
    catalogue: pa.Table,
    *,
    text_of_product: npt.NDArray[np.int32],
    thing_of_product: npt.NDArray[np.int32],
) -> SearchedProducts:
    """Returns the columns of a catalogue as the served model wants them.

    Args:
        catalogue: Columns product_id, sku, title, category, price and in_stock.
        text_of_product: int32 `(products,)`.
        thing_of_product: int32 `(products,)`.
    """
    return SearchedProducts(
        **products_of(catalogue),
        skus=byte_strings(catalogue["sku"]),
        text_of_product=text_of_product,
        thing_of_product=thing_of_product,
    )


def export_search(
    folder: str,
    module: SearchModule,
    clusters: ProductClusters,
    model_card: Mapping[str, Any],
    personal: PersonalModel | None = None,
) -> None:
    """Writes the SavedModel `search` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        module: The model.
        clusters: Of its products; kept in `assets.extra/` for the next catalogue.
        model_card: What `assets.extra/model_card.json` says; anything that JSON can hold.
        personal: The reranker that the module has, if any; kept likewise.
    """
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    # The first of a history, too.
    first = module.product_ids.numpy()[0]
    asked = {"query": module.titles.numpy()[0], "product_id": first, "k": 10, "image": b"", "history_ids": first}
    write_extra_assets(folder, SEARCH_MODEL, signatures, asked, model_card)
    extra_assets = tf.io.gfile.join(folder, EXTRA_ASSETS_FOLDER)
    save_product_clusters(clusters, extra_assets)
    if personal is not None:
        save_reranker(personal, module.product_ids.numpy().tolist(), extra_assets)


def export_for_judging(folder: str, module: SearchModule) -> None:
    """Writes a model that is asked by its signature `evaluate` and never served."""
    tf.saved_model.save(module, folder, signatures=module.signatures(EVALUATE))


def export_weighted(folder: str, module: SearchModule) -> None:
    """Writes the model for comparison, with the weights of both sides as inputs."""
    tf.saved_model.save(module, folder, signatures=module.signatures(WEIGHTED_SIGNATURE))
