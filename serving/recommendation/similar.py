"""Products that may stand for one another: by text, category and behaviour; plain TensorFlow ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.category_levels import CategoryLevels
from serving.graph.top_k import top_allowed
from serving.index.exact import ExactIndex
from serving.recommendation.item_index import ItemIndex

# What a full agreement adds to the score, beside 1 for the same text.
CATEGORY_WEIGHT, BEHAVIOUR_WEIGHT = 0.6, 0.5
# At so much behaviour (events by their weights) half of a product's part in it is trusted.
HALF_TRUSTED = 200.0


class SimilarProducts(tf.Module):
    """Scores how alike products are.

    The score of products i and j is the cosine of their texts, plus `CATEGORY_WEIGHT` times the share of i's category
    levels that j shares, plus `BEHAVIOUR_WEIGHT * sqrt(t_i t_j)` times the cosine of their tower vectors. t = n / (n +
    `HALF_TRUSTED`) shrinks what was seen n times: of what sells seldom, behaviour says little, and text and category
    decide. Where there are neither texts nor categories, behaviour is all that is known, and counts as it is.

    Args:
        index: The item vectors, whose tower part tells behaviour.
        categories: One a product, levels joined by " > "; empty for none.
        text_vectors: float32 `(products, any dimensions)` of the products' texts; of no dimensions where texts are off.
        popularity: float `(products,)`, at least 0.
    """

    def __init__(
        self, index: ItemIndex, categories: Sequence[bytes], text_vectors: ArrayLike, popularity: ArrayLike
    ) -> None:
        super().__init__(name="similar_products")
        self._index = index
        self.categories = CategoryLevels(categories)
        texts = np.asarray(text_vectors, np.float32)
        lengths = np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-12)
        self._texts = ExactIndex(texts / lengths, name="texts") if texts.shape[1] else None
        seen = np.maximum(np.asarray(popularity, np.float64), 0.0)
        trusted = np.sqrt(BEHAVIOUR_WEIGHT * seen / (seen + HALF_TRUSTED))
        if self._texts is None and not any(categories):
            trusted = np.ones_like(seen)
        lengths = np.linalg.norm(index.tower_part(index.all_vectors()).numpy(), axis=1)
        # Behaviour's weight and the length of the vector in one number a product.
        scales = (trusted / np.maximum(lengths, 1e-12)).astype(np.float32)
        self._scales = tf.Variable(scales, trainable=False, name="scales")

    def search(self, products: tf.Tensor, k: tf.Tensor, allowed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the `k` products most like each, as `ExactIndex.search` returns them.

        Args:
            products: int32 `(batch,)`; any answer where it is under 0.
            k: int32 scalar.
            allowed: bool `(batch, products)`.
        """
        asked = tf.maximum(products, 0)
        scales = tf.convert_to_tensor(self._scales)
        vectors = self._index.items(asked) * tf.gather(scales, asked)[:, tf.newaxis]
        scores = self._index.scores(self._index.only_tower(vectors)) * scales
        scores += CATEGORY_WEIGHT * self.categories.shared(asked)
        if self._texts is not None:
            scores += self._texts.scores(self._texts.vectors_at(asked))
        return top_allowed(scores, tf.clip_by_value(k, 0, self._index.size), allowed)
