"""Groups of the products that a query found, in plain TensorFlow ops."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.answers import text_variable, texts_at
from serving.index.exact import RetrievalIndex
from serving.search.grouping.category_groups import CategoryGroups
from serving.search.grouping.phrase_groups import PhraseGroups, TitlePhrases

LONGEST_LABEL = 40
# The products that belong to none of the groups, and all products where nothing tells them apart or names them.
OTHER, ALL = "Other", "All results"


@dataclass(frozen=True, kw_only=True)
class GroupNames:
    """What results are grouped by: categories, or phrases of titles.

    Attributes:
        labels: One a category, or one a phrase.
        phrases: Of titles; None where the shop has categories.
        categories: int32 `(paths, levels)`, as `CategoryGroups` wants them; None where titles are looked at.
        path_of_product: int32 `(products,)`: rows of `categories`; None likewise.
    """

    labels: Sequence[bytes]
    phrases: TitlePhrases | None = None
    categories: npt.NDArray[np.int32] | None = None
    path_of_product: npt.NDArray[np.int32] | None = None


class ResultGroups(tf.Module):
    """Groups the products that were found by their categories, or by phrases of their titles.

    Args:
        names: What they are grouped by.
        index: Vectors of the texts; only looked at for phrases.

    Raises:
        ValueError: `names` has neither phrases nor categories.
    """

    def __init__(self, names: GroupNames, index: RetrievalIndex) -> None:
        super().__init__(name="result_groups")
        self._other, self._all = len(names.labels), len(names.labels) + 1
        self._labels = text_variable([*names.labels, OTHER.encode(), ALL.encode()], "group_labels")
        self._phrases: PhraseGroups | None = None
        self._categories: CategoryGroups | None = None
        if names.phrases is not None:
            self._phrases = PhraseGroups(names.phrases, index)
        elif names.categories is not None and names.path_of_product is not None:
            self._categories = CategoryGroups(names.categories)
            self._path_of_product = tf.Variable(names.path_of_product, trainable=False, name="path_of_product")
        else:
            raise ValueError("`names` should have phrases, or categories with the path of each product; it has neither")

    def group(
        self, query: tf.Tensor, products: tf.Tensor, texts: tf.Tensor, k: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Groups the products of each row.

        Args:
            query: string `(batch,)`: what was asked; no group but a category is called like that.
            products: int32 `(batch, n)`, the best first; -1 for none.
            texts: int32 `(batch, n)`: the text of each; any where there is no product.
            k: int32 `(batch,)`: how many of its products a row shows: groups are made of all, and numbered by those
                that are shown. None shows all.

        Returns:
            Numbers of the groups, int32 `(batch, n)`, from 0 on in the order of their best products, only that the
            products of none of the groups (Other) come last; and their labels, string `(batch, n)`, each of one group.
            -1 and "" where there is no product, or none is shown.
        """
        found = products >= 0
        names, common = tf.constant([[-1]]), tf.constant([-1])
        if self._phrases is not None:
            names, common = self._phrases.choose(query, tf.maximum(texts, 0), found)
        if self._categories is not None:
            paths = tf.gather(self._path_of_product, tf.maximum(products, 0))
            names = self._categories.choose(paths, found)
        alone = tf.reduce_all(names < 0, axis=1)
        one = tf.where(common >= 0, common, self._all)
        names = tf.where(alone[:, tf.newaxis], one[:, tf.newaxis], names)
        shown = found if k is None else found & (tf.range(tf.shape(products)[1]) < k[:, tf.newaxis])
        labels = tf.where(names >= 0, names, self._other)
        return numbered(names, shown), texts_at(self._labels, tf.where(shown, labels, -1))


def numbered(names: tf.Tensor, shown: tf.Tensor) -> tf.Tensor:
    """Numbers the groups of each row from 0 on.

    Args:
        names: int32 `(batch, n)`: what tells one group from another; -1 for no group, which gets the last number.
        shown: bool `(batch, n)`: False for a column that is not there.

    Returns:
        int32 `(batch, n)`; -1 where nothing is shown.
    """
    named = shown & (names >= 0)
    same = (names[:, :, tf.newaxis] == names[:, tf.newaxis, :]) & named[:, tf.newaxis, :]
    first = tf.argmax(tf.cast(same, tf.int8), axis=2, output_type=tf.int32)
    begins = named & (first == tf.range(tf.shape(names)[1]))
    numbers = tf.cumsum(tf.cast(begins, tf.int32), axis=1)
    last = tf.reduce_max(tf.where(named, numbers, 0), axis=1, keepdims=True)
    return tf.where(named, tf.gather(numbers, first, batch_dims=1) - 1, tf.where(shown, last, -1))
