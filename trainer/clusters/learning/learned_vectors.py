"""Chooses by what vectors a catalogue is clustered: as they are or as they were learned, with numbers or without."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trainer.clusters.category_free_texts import without_category_words
from trainer.clusters.fused_vectors import ProductParts, VectorFusion, fit_fusion
from trainer.clusters.learning.evidence import Evidence, category_labels, text_categories
from trainer.clusters.learning.held_out import HeldOut, hold_out
from trainer.clusters.learning.projection import Projection, Vectors
from trainer.clusters.learning.title_views import title_views
from trainer.clusters.learning.together import Occurrences, pairs_together, together_vectors
from trainer.clusters.learning.training import learn_from_labels, learn_from_pairs
from trainer.clusters.options import NUMBER_WEIGHT, ClusterOptions

# Pairs that are bought or found together tell more than a title with words left out.
_TOGETHER_COUNTS = 3
# Texts without the words of their categories count so often beside whole ones.
_VIEWS_COUNT = 2
# As many texts as are seen in one training.
_MOST_TEXTS = 150_000

CATEGORIES, TOGETHER, TITLES, NOTHING = "categories", "together", "titles", "nothing"

Embed = Callable[[Sequence[str]], Vectors]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnedVectors:
    """How text vectors become those that are clustered.

    Attributes:
        projection: What was learned; None where the vectors stay as they are.
        fusion: What is put beside them.
        learned_from: `categories`, `together` (what is bought or found together, and titles), `titles`, or `nothing`.
        agreements: How much texts that nothing was learned from agree with their neighbours, by `Evidence.agreement`:
            with the vectors as they are (`text`), as learned (`trained`), and with what was tried beside them.
    """

    projection: Projection | None
    fusion: VectorFusion
    learned_from: str
    agreements: dict[str, float]


def learn_vectors(
    vectors: Vectors,
    texts: Sequence[str],
    text_of_product: npt.NDArray[np.integer],
    categories: Sequence[str],
    together: Callable[[], Occurrences],
    parts: ProductParts,
    embed: Embed,
    options: ClusterOptions,
    seed: int,
) -> LearnedVectors:
    """Learns a projection of text vectors, and keeps it if texts that were held out are nearer to their like by it.

    With categories, these are learned (`contrastive_loss`) from eight tenths of the texts, and from some of them once
    more without the words of their categories, since the rest of a title should say it too. Without, it is learned
    which texts keep the same company in baskets and answers, and that a title with words left out is still the same;
    where nothing tells company either, the last alone.

    Prices and ratings with no weight in the options get one if held-out texts are nearer to their like with them. What
    is learned from titles alone has nothing to be judged by, and is kept; numbers are then left out.

    Time grows in proportion to the catalogue and to the baskets, and what is learned from is bounded: training takes
    the same number of steps for any catalogue, and looks at 150,000 texts at the most, which is the memory that it
    needs beside the vectors.

    Args:
        vectors: float32 `(texts, dimensions)`.
        texts: Distinct ones.
        text_of_product: int `(products,)`.
        categories: `(products,)`, empty for none.
        together: Reads the texts of baskets and answers, if there are such; not called where categories are learned.
        parts: Of the texts.
        embed: Gives the vectors of other texts, as those of the catalogue.
        options: What is learned, and weights.
        seed: Of all that is drawn.
    """
    if not options.learn:
        fusion = fit_fusion(parts, options)
        return LearnedVectors(projection=None, fusion=fusion, learned_from=NOTHING, agreements={})
    held = hold_out(texts)
    labels = category_labels(categories, text_of_product, len(texts))
    company = None if labels is not None else together_vectors(together(), len(texts), seed)
    evidence = Evidence(labels=labels, together=company)

    def agreement(tried: Vectors) -> float | None:
        return evidence.agreement(tried, held.choosing, held.learning, seed)

    agreements: dict[str, float] = {}
    before = agreement(vectors)
    projection, source = _learn(vectors, texts, text_of_product, categories, evidence, held, embed, options, seed)
    projected = vectors if projection is None else projection.apply(vectors)
    after = agreement(projected)
    if before is not None and after is not None:
        agreements = {"text": before, "trained": after}
        if after < before:
            projection, source, projected = None, NOTHING, vectors
    fusion = fit_fusion(parts, options)
    best = agreement(fusion.fuse(projected, parts)) if agreements else None
    for name in ("price", "rating"):
        if best is None or getattr(options, f"{name}_weight") is not None:
            continue
        options_with = options.model_copy(update={f"{name}_weight": NUMBER_WEIGHT})
        wider = fit_fusion(parts, options_with)
        if getattr(wider, name) is None:
            continue
        found = agreement(wider.fuse(projected, parts))
        if found is not None:
            agreements[f"with_{name}"] = found
            if found > best:
                best, fusion, options = found, wider, options_with
    return LearnedVectors(projection=projection, fusion=fusion, learned_from=source, agreements=agreements)


def _learn(
    vectors: Vectors,
    texts: Sequence[str],
    text_of_product: npt.NDArray[np.integer],
    categories: Sequence[str],
    evidence: Evidence,
    held: HeldOut,
    embed: Embed,
    options: ClusterOptions,
    seed: int,
) -> tuple[Projection | None, str]:
    learning = np.flatnonzero(held.learning)
    if len(learning) < 2:
        return None, NOTHING
    random = np.random.default_rng(seed)
    if len(learning) > _MOST_TEXTS:
        learning = np.sort(random.choice(learning, _MOST_TEXTS, replace=False))
    viewed = np.sort(random.permutation(learning)[: options.title_views])
    if evidence.labels is not None:
        paths = text_categories(categories, text_of_product, len(texts))
        views = without_category_words([texts[row] for row in viewed], paths[viewed].tolist())
        rows = np.concatenate([learning, *[viewed] * _VIEWS_COUNT])
        without_words = _embed(embed, views, vectors.shape[1])
        both = np.concatenate([vectors[learning], *[without_words] * _VIEWS_COUNT])
        return learn_from_labels(both, evidence.labels[:, rows], seed), CATEGORIES
    views = title_views([texts[row] for row in viewed], seed)
    sources = [(vectors[viewed], _embed(embed, views, vectors.shape[1]))] if len(viewed) else []
    source = TITLES
    if evidence.together is not None:
        left, right = pairs_together(evidence.together, learning, random)
        if len(left):
            sources += [(vectors[left], vectors[right])] * _TOGETHER_COUNTS
            source = TOGETHER
    return (learn_from_pairs(vectors, sources, seed), source) if sources else (None, NOTHING)


def _embed(embed: Embed, texts: Sequence[str], dimensions: int) -> Vectors:
    """Returns the vectors of texts, each distinct one embedded once."""
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    return embed(list(places))[rows] if places else np.zeros((0, dimensions), np.float32)
