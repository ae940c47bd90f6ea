"""A served search model with another catalogue: what is known of a text is taken over, and nothing is trained."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from serving.graph.warm_up_file import EXTRA_ASSETS_FOLDER
from serving.merchant.word import SAYS_NOTHING, MerchantWord
from serving.search.module import SearchModule
from serving.search.personal.reranking import PersonalModel
from serving.search.ranking import Fusion
from trainer.artifacts.catalogue import distinct_texts
from trainer.clusters.files import load_product_clusters
from trainer.clusters.fused_vectors import ProductParts
from trainer.clusters.products import ProductClusters
from trainer.search.export import text_hashes
from trainer.search.groups.names import group_names
from trainer.search.index.build import MeasuredIndex, build_index, build_module
from trainer.search.index.category_vectors import categories_of_texts, with_categories
from trainer.search.index.kinds import with_kinds
from trainer.search.index.pinyin import Reading, with_pinyin
from trainer.search.index.postings import build_postings
from trainer.search.index.shoppers_words import NO_MORE_WORDS, ShoppersWords
from trainer.search.index.telling_words import weigh_by_meaning
from trainer.search.options import SearchServingOptions
from trainer.search.personal.files import load_reranker
from trainer.search.pictures.update import CataloguePictures, update_pictures

_TEXTS_AT_ONCE = 64
_UNKNOWN = -1
# Encoding more would take longer than all else.
_MEASURED_QUERIES = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpdatedSearch:
    """The new model and what changed.

    Attributes:
        served: The loaded SavedModel in service.
        module: The new model.
        clusters: The old clusters with the new products.
        index: Its vectors, with their recall.
        added: Products that the old catalogue lacks.
        changed: Products of another text than before.
        removed: Products that the new catalogue lacks.
        embedded_texts: Distinct texts that had to be embedded.
        personal: The reranker for who asks, with the new products; None where the old model has none.
        pictured: Products that have a picture; None where the old model reads none.
    """

    served: Any
    module: SearchModule
    clusters: ProductClusters
    index: MeasuredIndex
    added: int
    changed: int
    removed: int
    embedded_texts: int
    personal: PersonalModel | None
    pictured: int | None


def update_search(
    served: str,
    catalogue: pa.Table,
    parts: ProductParts,
    queries: Sequence[str],
    options: SearchServingOptions,
    fusion: Fusion,
    seed: int,
    merchant: MerchantWord = SAYS_NOTHING,
    catalogue_pictures: CataloguePictures | None = None,
    reading: Reading | None = None,
) -> UpdatedSearch:
    """Puts another catalogue into a served model.

    A text that the old catalogue has with the same categories, under whatever product, keeps its vector and its
    cluster. Others are embedded by the served encoder and get the cluster whose centroid is nearest. Clusters keep
    their labels. A text whose vector tells of other pictures than before is embedded too. Holds both catalogues with
    their vectors.

    Args:
        served: The SavedModel in service.
        catalogue: Columns product_id, sku, title, category, price, in_stock and text.
        parts: What else is known of its products.
        queries: Some that were asked before; the index is measured with the first of them.
        options: What the served model is made of.
        fusion: Weights of both sides.
        seed: Of an inverted file.
        merchant: What the merchant says now; what he said before is gone.
        catalogue_pictures: The pictures of the catalogue, of a model that reads pictures.
        reading: Reads Chinese characters as pinyin; None adds no words that are new.
    """
    loaded = tf.saved_model.load(served)
    # A model of an earlier version reads queries with the encoder of its products.
    query_embedder = getattr(loaded, "query_embedder", loaded.embedder)
    known = _known_texts(loaded)

    def embed(texts: list[str]) -> npt.NDArray[np.float32]:
        return _embed(loaded.embedder, texts)

    text_of_product, texts = distinct_texts(catalogue["text"].to_pylist())
    categories = categories_of_texts(catalogue["category"].to_pylist(), text_of_product, len(texts))
    hashes = text_hashes(texts, categories)
    rows = _places(known.hashes, hashes)
    pictures = None
    if catalogue_pictures is not None:
        pictures = update_pictures(loaded.pictures, catalogue_pictures, text_of_product, len(texts))
        rows = np.where(pictures.are_other(rows), _UNKNOWN, rows)
        parts = dataclasses.replace(parts, images=pictures.looks_of_products(len(catalogue)))
    new = np.flatnonzero(rows == _UNKNOWN)
    vectors = known.vectors(tf.constant(rows, tf.int32)).numpy()
    of_new = _embed(loaded.embedder, [texts[place] for place in new])
    vectors[new] = with_categories(of_new, [categories[place] for place in new], embed)
    if pictures is not None:
        vectors[new] = pictures.found_by(vectors[new], new)
    clusters = load_product_clusters(tf.io.gfile.join(served, EXTRA_ASSETS_FOLDER))
    # Of each text that is known, a product of the old catalogue.
    old_products = np.append(known.first_products, _UNKNOWN)[rows[text_of_product]]
    cluster_ids = clusters.cluster_ids[old_products]
    of_texts = np.zeros(len(texts), np.int32)
    of_texts[new] = clusters.assign(of_new, parts.of_texts(text_of_product, len(texts)).take(new))
    cluster_ids = np.where(old_products == _UNKNOWN, of_texts[text_of_product], cluster_ids)
    clusters = dataclasses.replace(clusters, cluster_ids=cluster_ids)
    # Exact search has nothing to be measured.
    measured_with = queries[:_MEASURED_QUERIES] if len(vectors) > options.exact_limit else []
    # A model of an earlier version does not say what its encoder knows.
    known_words = loaded.known_words.numpy() if hasattr(loaded, "known_words") else np.zeros(0, np.int64)
    index = build_index(vectors, _embed(query_embedder, measured_with), options, seed)
    postings = with_kinds(build_postings(texts, options.lexical), texts)
    postings = weigh_by_meaning(postings, vectors, known_words, embed)
    personal = load_reranker(tf.io.gfile.join(served, EXTRA_ASSETS_FOLDER), catalogue)
    module = build_module(
        catalogue,
        embedder=loaded.embedder,
        query_embedder=query_embedder,
        index=index.vectors,
        postings=postings,
        known_words=known_words,
        vocabulary=with_pinyin(
            _shoppers_words(loaded).in_catalogue(postings), catalogue, postings, known_words, reading
        ),
        groups=group_names(catalogue["title"].to_pylist(), catalogue["category"].to_pylist(), text_of_product),
        fusion=fusion,
        options=options,
        merchant=merchant,
        pictures=None if pictures is None else pictures.side,
        personal=personal,
    )
    old_ids = loaded.product_ids.numpy()
    new_ids = module.product_ids.numpy()
    before = dict(zip(old_ids.tolist(), known.hashes[known.text_of_product].tolist(), strict=True))
    earlier = [before.get(product_id) for product_id in new_ids.tolist()]
    now = hashes[text_of_product].tolist()
    return UpdatedSearch(
        served=loaded,
        module=module,
        clusters=clusters,
        index=index,
        added=sum(each is None for each in earlier),
        changed=sum(each is not None and each != text for each, text in zip(earlier, now, strict=True)),
        removed=len(before.keys() - set(new_ids.tolist())),
        embedded_texts=len(new),
        personal=personal,
        pictured=None if pictures is None else len(pictures.side.facts.products),
    )


class _KnownTexts(NamedTuple):
    """Texts of a served model.

    Attributes:
        hashes: int64 `(texts,)`.
        vectors: Returns the vectors of int32 rows of texts; zeros for -1.
        text_of_product: int `(products,)`, row of the text of each product.
        first_products: int `(texts,)`, a product of each.
    """

    hashes: npt.NDArray[np.int64]
    vectors: Callable[[tf.Tensor], tf.Tensor]
    text_of_product: npt.NDArray[np.integer]
    first_products: npt.NDArray[np.integer]


def _known_texts(loaded: Any) -> _KnownTexts:
    hashes = loaded.text_hashes.numpy()
    if not hasattr(loaded, "text_of_product"):
        # A model of an earlier version has a row for each product, whether their texts are equal or not.
        return _KnownTexts(hashes, loaded.product_vectors, np.arange(len(hashes)), np.arange(len(hashes)))
    text_of_product = loaded.text_of_product.numpy()
    return _KnownTexts(hashes, loaded.text_vectors, text_of_product, np.unique(text_of_product, return_index=True)[1])


def _shoppers_words(loaded: Any) -> ShoppersWords:
    if not hasattr(loaded, "synonyms"):
        # A model of an earlier version has no dictionary.
        return NO_MORE_WORDS
    nouns, names = (texts.numpy().tolist() for texts in (loaded.synonyms.nouns, loaded.synonyms.names))
    # A model of an earlier version has no word of the merchant's.
    of_merchant = set(loaded.merchant_terms.numpy().tolist()) if hasattr(loaded, "merchant_terms") else set()
    synonyms = {
        noun.decode(): name.decode() for noun, name in zip(nouns, names, strict=True) if noun not in of_merchant
    }
    return ShoppersWords(loaded.right_words.numpy(), synonyms)


def _places(known: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns a place of each wanted value among the known ones, -1 for none."""
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
    return np.where(known[order[place]] == wanted, order[place], _UNKNOWN)


def _embed(embedder: Any, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    # Texts of like length go together, so that little padding is computed.
    order = np.argsort([len(text) for text in texts], kind="stable")
    parts = [
        embedder.embed(tf.constant([texts[place] for place in order[start : start + _TEXTS_AT_ONCE]]))[0].numpy()
        for start in range(0, len(order), _TEXTS_AT_ONCE)
    ]
    if not parts:
        return np.zeros((0, int(embedder.embed(tf.constant([""]))[0].shape[1])), np.float32)
    vectors = np.concatenate(parts)
    ordered = np.empty_like(vectors)
    ordered[order] = vectors
    return ordered
