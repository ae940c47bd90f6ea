"""Which answers may be given about a product, and what its own texts say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.answers import text_variable
from serving.graph.lookup import IdLookup


@dataclass(frozen=True, kw_only=True)
class AnsweredProducts:
    """Products that a question may be about.

    Attributes:
        ids: Their ids, distinct.
        texts: What each has to say of itself; b"" for nothing.
        vectors: float32 `(products, dimensions)` of these, on the answers' side; `(0, dimensions)` where none has any.
        fits: bool `(products, answers' categories)`: whether a product is of a category that answers are about.
    """

    ids: Sequence[bytes]
    texts: Sequence[bytes]
    vectors: npt.NDArray[np.float32]
    fits: npt.NDArray[np.bool_]


class ProductAnswers(tf.Module):
    """Tells which answers may be given about a product, and gives its own text as one more.

    Args:
        products: The products.
        answer_product: int32 `(answers,)`: the product that each answer is about; -1 for any.
        answer_category: int32 `(answers,)`: the category that each is about, a column of `products.fits`; -1 for any.
    """

    def __init__(
        self,
        products: AnsweredProducts,
        answer_product: npt.NDArray[np.int32],
        answer_category: npt.NDArray[np.int32],
    ) -> None:
        super().__init__(name="product_answers")
        self._lookup = IdLookup(products.ids, what="product id")
        self._count = len(products.ids)
        self.has_texts = len(products.vectors) > 0
        self._ids = text_variable([*products.ids, b""], "product_ids")
        self._texts = text_variable([*products.texts, b""], "product_texts")
        blank = np.zeros((1, products.vectors.shape[1]), np.float32)
        self._vectors = tf.Variable(
            np.concatenate([products.vectors, blank]) if self.has_texts else blank, trainable=False, name="vectors"
        )
        # A row for unknown products, which fit no category, and a column for answers about any.
        fits = np.ones((self._count + 1, products.fits.shape[1] + 1), np.bool_)
        fits[: self._count, :-1] = products.fits
        fits[self._count, :-1] = False
        self._fits = tf.Variable(fits, trainable=False, name="fits")
        self._answer_product = tf.Variable(answer_product, trainable=False, name="answer_product")
        self._answer_category = tf.Variable(
            np.where(answer_category < 0, products.fits.shape[1], answer_category).astype(np.int32),
            trainable=False,
            name="answer_category",
        )

    def rows(self, product_id: tf.Tensor) -> tf.Tensor:
        """Returns int32 `(batch,)` rows of products; the one past the last for an unknown one."""
        found = self._lookup.index_of(product_id)
        return tf.where(found >= 0, found, self._count)

    def allowed(self, product_id: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns which answers may be given, bool `(batch, answers)`: all where no product is named."""
        product = (self._answer_product < 0)[tf.newaxis] | (self._answer_product[tf.newaxis] == rows[:, tf.newaxis])
        category = tf.gather(tf.gather(self._fits, rows), self._answer_category, axis=1)
        return (product & category) | (product_id == "")[:, tf.newaxis]

    def vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the vectors of the products' own texts, float32 `(batch, dimensions)`."""
        return tf.gather(self._vectors, rows if self.has_texts else tf.zeros_like(rows))

    def texts(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns ids and own texts of products, string `(batch,)`; "" for none."""
        return tf.gather(self._ids, rows), tf.gather(self._texts, rows)
