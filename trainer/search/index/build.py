"""Puts what is known of a catalogue together into the served search model."""

import logging
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from serving.index.exact import ExactIndex, RetrievalIndex
from serving.index.lexical import LexicalIndex, Postings
from serving.index.two_step import TwoStepIndex
from serving.merchant.word import SAYS_NOTHING, MerchantWord
from serving.pictures.search import PictureFacts
from serving.search.grouping.groups import GroupNames
from serving.search.module import SearchModule
from serving.search.personal.reranking import PersonalModel
from serving.search.ranking import Fusion
from trainer.artifacts.catalogue import distinct_texts
from trainer.search.export import searched_products, text_hashes
from trainer.search.fusion import learn_fusion
from trainer.search.index.category_vectors import categories_of_texts
from trainer.search.index.corrections import build_corrections
from trainer.search.index.inverted_cells import (
    build_inverted_file,
    default_leading,
    exact_neighbours,
    principal_axes,
    recall_of,
)
from trainer.search.index.shoppers_words import NO_MORE_WORDS, ShoppersWords
from trainer.search.index.wish_facts import wish_facts
from trainer.search.options import SearchServingOptions
from trainer.search.queries import JudgedQueries
from trainer.things import things_of

logger = logging.getLogger(__name__)

_K = 10
_QUERIES_AT_ONCE = 64

Vectors = npt.NDArray[np.float32]


class PictureSide(NamedTuple):
    """What `SearchModule` reads pictures with: what is known of those of its products, and what embeds others."""

    facts: PictureFacts
    embedder: Any


class MeasuredIndex(NamedTuple):
    """An index and its recall at 10 against exact search, None where there was no query to measure it with."""

    vectors: RetrievalIndex
    recall: float | None


def build_index(vectors: Vectors, queries: Vectors, options: SearchServingOptions, seed: int) -> MeasuredIndex:
    """Builds an index that suits the catalogue's size, and measures it.

    Args:
        vectors: float32 `(texts, dimensions)`.
        queries: float32 `(queries, dimensions)`: an index that is not exact is tuned on one half of them, and
            measured on the other.
        options: Which index.
        seed: Of what is drawn at random.
    """
    index = None
    if len(vectors) > options.exact_limit and len(queries) >= 2:
        index = _approximate_index(vectors, queries[::2], options, seed)
    if index is None:
        return MeasuredIndex(ExactIndex(vectors), 1.0)
    return MeasuredIndex(index, index_recall(index, vectors, queries[1::2]))


def _approximate_index(
    vectors: Vectors, queries: Vectors, options: SearchServingOptions, seed: int
) -> RetrievalIndex | None:
    """Returns the index of a large catalogue; None where it would find too little."""
    if len(vectors) > options.cells_limit:
        return build_inverted_file(
            vectors, queries, target_recall=options.index_recall, storage=options.storage, seed=seed
        )
    index = TwoStepIndex(vectors, axes=principal_axes(vectors, seed), leading=default_leading(vectors.shape[1]))
    recall = index_recall(index, vectors, queries)
    if recall is not None and recall < options.index_recall:
        logger.warning("A third of the values finds %.4f of the nearest products: whole vectors are compared.", recall)
        return None
    return index


def index_recall(index: RetrievalIndex, vectors: Vectors, queries: Vectors) -> float | None:
    """Returns the share of each query's ten nearest vectors that an index finds, on average."""
    if not len(queries):
        return None
    found = [
        index.search(tf.constant(queries[start : start + _QUERIES_AT_ONCE]), _K)[1].numpy()
        for start in range(0, len(queries), _QUERIES_AT_ONCE)
    ]
    return recall_of(np.concatenate(found), exact_neighbours(vectors, queries, _K))


def build_fusion(
    postings: Postings,
    vectors: Vectors,
    queries: JudgedQueries,
    query_vectors: Vectors,
    options: SearchServingOptions,
    relevant_from: float,
) -> Fusion:
    """Returns the weights of both sides: learned on validation queries where both are on.

    Args:
        postings: The texts' words.
        vectors: float32 `(texts, dimensions)`.
        queries: The validation queries, whose products are rows of texts.
        query_vectors: float32 `(queries, dimensions)`.
        options: Which sides are on.
        relevant_from: Least relevance of a product that answers a query.
    """
    if options.lexical is None:
        return Fusion(dense=1.0, lexical=0.0)
    if not options.dense:
        return Fusion(dense=0.0, lexical=1.0)
    return learn_fusion(queries, query_vectors, vectors, LexicalIndex(postings), relevant_from)


def build_module(
    catalogue: pa.Table,
    *,
    embedder: Any,
    query_embedder: Any | None = None,
    index: RetrievalIndex,
    postings: Postings,
    known_words: npt.NDArray[np.int64],
    vocabulary: ShoppersWords = NO_MORE_WORDS,
    groups: GroupNames,
    fusion: Fusion,
    options: SearchServingOptions,
    merchant: MerchantWord = SAYS_NOTHING,
    pictures: PictureSide | None = None,
    personal: PersonalModel | None = None,
) -> SearchModule:
    """Returns the served model of a catalogue.

    Args:
        catalogue: Columns product_id, sku, title, category, price, in_stock and text, and the one to collapse by.
        embedder: `serving.graph.text_embedder.TextEmbedder`, or that of a loaded model.
        query_embedder: Likewise, for queries; None takes `embedder`.
        index: Vectors of the distinct texts, in order of their first appearance.
        postings: Their words.
        known_words: What `trainer.search.index.corrections.known_words` returned.
        vocabulary: What shoppers type beside the catalogue's words.
        groups: What results are grouped by.
        fusion: Weights of both sides.
        options: Sizes, and what is collapsed.
        merchant: What the merchant says.
        pictures: What `SearchModule` takes.
        personal: Likewise.
    """
    text_of_product, texts = distinct_texts(catalogue["text"].to_pylist())
    categories = categories_of_texts(catalogue["category"].to_pylist(), text_of_product, len(texts))
    return SearchModule(
        searched_products(
            catalogue,
            text_of_product=text_of_product,
            thing_of_product=things_of(catalogue, options.collapse),
        ),
        text_hashes=text_hashes(texts, categories),
        groups=groups,
        embedder=embedder,
        query_embedder=embedder if query_embedder is None else query_embedder,
        index=index,
        postings=postings,
        corrections=build_corrections(postings, np.union1d(known_words, vocabulary.right)),
        known_words=known_words,
        right_words=vocabulary.right,
        synonyms=vocabulary.synonyms,
        wishes=wish_facts(catalogue, texts),
        merchant=merchant,
        fusion=fusion,
        default_k=options.default_k,
        max_k=options.max_k,
        undisguises=options.undisguise,
        pictures=pictures,
        personal=personal,
    )
