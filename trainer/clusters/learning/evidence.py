"""What tells which texts are of one kind: the shop's categories, or else the company that products keep."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from serving.graph.catalogue import CATEGORY_SEPARATOR
from trainer.clusters.learning.held_out import Mask

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]

# Levels of the category tree that are learned: the uppermost ones.
_LEVELS = 2
# Of the texts, the share that has a category where categories are what is learned.
_CATEGORY_SHARE = 0.5
_ASKED, _AMONG = 2_000, 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of texts; at most one of the two is there.

    Attributes:
        labels: int32 `(levels, texts)`, the number of each text's category on each level, -1 for none.
        together: float32 `(texts, dimensions)`, of `together_vectors`.
    """

    labels: Labels | None = None
    together: Vectors | None = None

    def agreement(self, vectors: Vectors, asked: Mask, among: Mask, seed: int) -> float | None:
        """Says how much a text and its nearest neighbour are of one kind.

        This is the share of neighbours of the same category, the mean over the levels, or else the mean cosine of what
        both keep company with. Of many texts 2,000 are asked for, among 10,000.

        Args:
            vectors: float32 `(texts, dimensions)`, by which neighbours are near (Euclidean distance).
            asked: bool `(texts,)`, the texts whose neighbours are looked at.
            among: bool `(texts,)`, where these are looked for.
            seed: Of the samples.

        Returns:
            None where nothing tells.
        """
        known = self._known()
        if known is None:
            return None
        random = np.random.default_rng(seed)
        rows, places = _draw(asked & known, _ASKED, random), _draw(among & known & ~asked, _AMONG, random)
        if not len(rows) or not len(places):
            return None
        candidates = vectors[places]
        distances = (candidates * candidates).sum(axis=1) - 2.0 * (vectors[rows] @ candidates.T)
        nearest = places[distances.argmin(axis=1)]
        if self.labels is not None:
            return float((self.labels[:, rows] == self.labels[:, nearest]).mean())
        if self.together is not None:
            return float((self.together[rows] * self.together[nearest]).sum(axis=1).mean())
        return None

    def _known(self) -> Mask | None:
        if self.labels is not None:
            return self.labels[0] >= 0
        return None if self.together is None else (self.together != 0).any(axis=1)


def category_labels(categories: Sequence[str], text_of_product: npt.NDArray[np.integer], texts: int) -> Labels | None:
    """Numbers the categories of texts on the upper two levels of the tree; a text has that of most of its products.

    Args:
        categories: `(products,)`, paths such as `Grocery > Bread > Rolls`; empty for none.
        text_of_product: int `(products,)`.
        texts: Their number.

    Returns:
        int32 `(levels, texts)`, -1 for none; None where fewer than half of the texts have a category, or all of them
        the same one.
    """
    paths = text_categories(categories, text_of_product, texts)
    known = paths != ""
    if not len(paths) or known.mean() < _CATEGORY_SHARE or len(set(paths[known].tolist())) < 2:
        return None
    levels = []
    for level in range(1, _LEVELS + 1):
        names = [CATEGORY_SEPARATOR.join(path.split(CATEGORY_SEPARATOR)[:level]) for path in paths.tolist()]
        levels.append(np.where(known, pd.factorize(np.array(names, object))[0], -1))
    return np.stack(levels).astype(np.int32)


def text_categories(
    categories: Sequence[str], text_of_product: npt.NDArray[np.integer], texts: int
) -> npt.NDArray[np.object_]:
    """Returns the category that most products of each text have, the first of several; empty where none has one."""
    codes, names = pd.factorize(np.asarray(categories, dtype=object))
    found = np.full(texts, "", object)
    counts = pd.DataFrame({"text": text_of_product, "code": codes})[[name != "" for name in names[codes]]]
    counts = counts.value_counts(sort=False).reset_index(name="count")
    best = counts.sort_values(["text", "count", "code"], ascending=[True, False, True]).drop_duplicates("text")
    found[best["text"].to_numpy()] = names[best["code"].to_numpy()]
    return found


def _draw(mask: Mask, at_most: int, random: np.random.Generator) -> npt.NDArray[np.intp]:
    rows = np.flatnonzero(mask)
    return rows if len(rows) <= at_most else np.sort(random.choice(rows, at_most, replace=False))
