"""What a search model knows of its products' pictures, and how much they count beside texts."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from serving.index.lexical import LexicalIndex
from serving.pictures.search import PictureFacts
from trainer.metrics.ranking import highest
from trainer.pictures.axes import PictureAxes, fit_axes
from trainer.search.pictures.alignment import Alignment, align
from trainer.search.pictures.text_fusion import TextFusion, learn_text_fusion
from trainer.search.queries import JudgedQueries

logger = logging.getLogger(__name__)

Matrix = npt.NDArray[np.float32]

# Values of a picture that are kept: what a linear model tells apart on photographs of clothes grows little beyond.
LOOKS = 512
_ASKED_AT_MOST = 500
_PAIRS_AT_MOST = 2_000
_K = 10
# Shares of looks in the score of a picture that are tried.
_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_UNKNOWN_WEIGHT = 0.5


class SearchPictures(NamedTuple):
    """What pictures add to a search model.

    Attributes:
        facts: What the signature `by_image` reads.
        fusion: How texts are found by their pictures too.
        meanings: float32 `(texts, dimensions)`: what the pictures of each text mean; 0 for a text without one.
        report: What `index.json` says of them.
    """

    facts: PictureFacts
    fusion: TextFusion
    meanings: Matrix
    report: dict[str, Any]

    def found_by(self, vectors: Matrix) -> Matrix:
        """Returns vectors of texts, float32 `(texts, dimensions)`, with what their pictures mean counted in."""
        return self.fusion.fuse(vectors, self.meanings)


def build_search_pictures(
    pictures: Matrix,
    text_of_product: npt.NDArray[np.integer],
    categories: Sequence[str | None],
    vectors: Matrix,
    queries: JudgedQueries,
    query_vectors: Matrix,
    lexical: LexicalIndex | None,
    relevant_from: float,
    seed: int,
) -> SearchPictures:
    """Learns what pictures mean, and how much they count.

    Args:
        pictures: float32 `(products, dimensions)`; a row of NaN for a product without one, but not all of them.
        text_of_product: int `(products,)`.
        categories: Of the products.
        vectors: float32 `(texts, text dimensions)` that texts are found by.
        queries: Validation queries, whose products are rows of texts.
        query_vectors: float32 `(queries, text dimensions)`.
        lexical: The texts' words; None where that side is off.
        relevant_from: Least relevance of a text that answers a query.
        seed: Of all that is drawn.
    """
    pictured = pictured_products(pictures)
    axes = fit_axes(pictures[pictured], LOOKS, seed)
    looks = axes.looks(pictures[pictured])
    texts = np.asarray(text_of_product, np.int64)[pictured]
    alignment = align(looks, vectors[texts], seed)
    weight, judged = _choose_weight(looks, alignment, texts, vectors, categories, pictured, seed)
    facts = picture_facts(pictured, looks, texts, len(vectors), axes, alignment.head, weight)
    meanings = alignment.meanings(facts.looks_of_texts)
    fusion = learn_text_fusion(vectors, meanings, queries, query_vectors, lexical, relevant_from)
    report = {
        "products": len(pictured),
        "alignment": {
            "recall_at_10": alignment.recall_at_10,
            "ridge_recall_at_10": alignment.start_recall_at_10,
            "chance": alignment.chance,
        },
        "text_queries": fusion.report,
        "by_image": {"weight": weight, **judged},
    }
    logger.info("Pictures: %s", report)
    return SearchPictures(facts, fusion, meanings, report)


def pictured_products(pictures: Matrix) -> npt.NDArray[np.int32]:
    """Returns the products that have a picture: the finite rows of float32 `(products, dimensions)`."""
    return np.flatnonzero(np.isfinite(pictures).all(axis=1)).astype(np.int32)


def picture_facts(
    pictured: npt.NDArray[np.int32],
    looks: Matrix,
    texts: npt.NDArray[np.integer],
    text_count: int,
    axes: PictureAxes,
    head: Matrix,
    weight: float,
) -> PictureFacts:
    """Returns what the signature `by_image` reads.

    Args:
        pictured: What `pictured_products` returned.
        looks: float32 `(pictured, looks)`: their looks by the axes.
        texts: int `(pictured,)`: their texts.
        text_count: Texts of all products.
        axes: How looks are made of pictures.
        head: float32 `(looks, text dimensions)`: from looks to what a picture means.
        weight: How much looks count beside what a picture means.
    """
    return PictureFacts(
        products=pictured,
        looks=looks,
        looks_of_texts=_means(looks, texts, text_count),
        usual=float(np.square(looks.mean(axis=0, dtype=np.float64)).sum()),
        mean=axes.mean,
        axes=axes.axes,
        head=head,
        weight=weight,
    )


def _means(looks: Matrix, texts: npt.NDArray[np.integer], count: int) -> Matrix:
    """Returns the mean looks of each text, 0 for one without a picture."""
    sums = np.zeros((count, looks.shape[1]), np.float32)
    np.add.at(sums, texts, looks)
    counts = np.bincount(texts, minlength=count).astype(np.float32)
    sums /= np.maximum(counts, 1.0)[:, np.newaxis]
    return sums


def _choose_weight(
    looks: Matrix,
    alignment: Alignment,
    texts: npt.NDArray[np.integer],
    vectors: Matrix,
    categories: Sequence[str | None],
    pictured: npt.NDArray[np.integer],
    seed: int,
) -> tuple[float, dict[str, Any]]:
    """Picks how much looks count: what finds most products of a picture's own category, among products of other texts.

    The pictures that are asked with are those that the head has not seen.

    Returns the weight, and the precision at 10 of looks alone, of meaning alone and of both; None where no category
    has two texts.
    """
    generator = np.random.default_rng(seed)
    asked = np.sort(alignment.held_out[:_ASKED_AT_MOST])
    searched = np.sort(generator.permutation(len(looks))[:_PAIRS_AT_MOST])
    paths = np.array([categories[product] or "" for product in pictured])
    same = (paths[asked][:, np.newaxis] == paths[searched]) & (paths[asked][:, np.newaxis] != "")
    others = texts[asked][:, np.newaxis] != texts[searched]
    answerable = (same & others).any(axis=1)
    if not answerable.any():
        return _UNKNOWN_WEIGHT, {"looks": None, "meaning": None, "both": None}
    similar = looks[asked] @ looks[searched].T
    meant = alignment.meanings(looks[asked]) @ vectors[texts[searched]].T
    possible = np.minimum((same & others).sum(axis=1), _K)
    precision = {}
    for weight in _WEIGHTS:
        scores = np.where(others, weight * similar + (1.0 - weight) * meant, -np.inf)
        best = highest(scores, min(_K, len(searched)))
        hits = np.take_along_axis(same & others, best, axis=1).sum(axis=1)
        precision[weight] = float((hits[answerable] / possible[answerable]).mean())
    # Of equals the one nearest to the middle, which relies on neither alone.
    weight = max(_WEIGHTS, key=lambda each: (round(precision[each], 3), -abs(each - _UNKNOWN_WEIGHT)))
    return weight, {"looks": precision[1.0], "meaning": precision[0.0], "both": precision[weight]}
