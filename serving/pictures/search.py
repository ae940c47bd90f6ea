"""Texts and products that answer a picture: those that look like it, and those whose texts say what it shows."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.index.exact import ExactIndex, RetrievalIndex

Matrix = npt.NDArray[np.float32]

# Looks that are as near are those of one picture, stored or cut in another way.
_SAME = 0.97
# Dot products with vectors of texts are no larger than 2.
_ABOVE_ALL = 10.0


class PictureFacts(NamedTuple):
    """What a search model knows of pictures.

    Attributes:
        products: int32 `(pictured,)`: the products that have a picture.
        looks: float32 `(pictured, looks)`: how the pictures look, of length 1.
        looks_of_texts: float32 `(texts, looks)`: the mean over the pictured products of each text; `usual` stands for
            the dot product with a text that has none.
        usual: The mean dot product of the looks of two products.
        mean: float32 `(dimensions,)`: what is taken from a picture's vector before `axes`.
        axes: float32 `(dimensions, looks)`.
        head: float32 `(looks, text dimensions)`: from looks to what a text with that picture would mean.
        weight: How much looks count beside what a picture means, from 0 to 1.
    """

    products: npt.NDArray[np.int32]
    looks: Matrix
    looks_of_texts: Matrix
    usual: float
    mean: Matrix
    axes: Matrix
    head: Matrix
    weight: float


class SeenProducts(NamedTuple):
    """What answers pictures, in no order.

    Attributes:
        texts: int32 `(batch, width)`, each once a row; -1 for none.
        scores: float32, likewise; -inf for none.
        products: int32 `(batch, width)`, each once a row; -1 for none.
        product_scores: float32, likewise; -inf for none.
    """

    texts: tf.Tensor
    scores: tf.Tensor
    products: tf.Tensor
    product_scores: tf.Tensor


class PictureSearch(tf.Module):
    """Ranks texts, and products, for pictures.

    The score is `weight * (looks of the picture . looks of the product) + (1 - weight) * (meaning of the picture .
    vector of the text)`. Where a text has pictures, its own score takes their mean looks, which come to no more than
    those of the product that looks most like the picture; so of the products of a text that one stands for it. A
    picture that is a product's own finds that product first, whatever the weight: its score is raised above all others.

    Args:
        facts: What is known of pictures.
        embedder: `serving.pictures.embedder.PictureEmbedder`, or that of a loaded model.
        index: The texts' vectors.
        text_of_product: int32 `(products,)`.

    What the next catalogue is read with stays beside the embedder: `mean`, `axes`, `head` and `looks_of_texts`.
    """

    def __init__(self, facts: PictureFacts, embedder: Any, index: RetrievalIndex, text_of_product: tf.Variable) -> None:
        super().__init__(name="picture_search")
        self.picture_embedder = embedder
        self._index, self._text_of_product = index, text_of_product
        self._weight, self._usual = facts.weight, facts.usual
        self._looks = ExactIndex(facts.looks, name="looks")
        self._products = _variable(facts.products, "products")
        self.looks_of_texts = _variable(facts.looks_of_texts, "looks_of_texts")
        self._has_picture = _variable(np.abs(facts.looks_of_texts).sum(axis=1) > 0, "has_picture")
        self.mean, self.axes, self.head = (_variable(getattr(facts, name), name) for name in ("mean", "axes", "head"))

    def read(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns looks float32 `(batch, looks)` and meanings `(batch, text dimensions)`, both of length 1."""
        vectors = self.picture_embedder.embed(images)
        looks = tf.math.l2_normalize((vectors - self.mean) @ self.axes, axis=1)
        return looks, tf.math.l2_normalize(looks @ self.head, axis=1)

    def rank(self, looks: tf.Tensor, meanings: tf.Tensor, count: tf.Tensor) -> SeenProducts:
        """Ranks the texts that mean what a picture does, and the products that look like it.

        Args:
            looks: float32 `(batch, looks)`.
            meanings: float32 `(batch, text dimensions)`.
            count: int32 scalar from 1 on: how many each side proposes.
        """
        similar, places = self._looks.search(looks, count)
        products = tf.where(places >= 0, tf.gather(self._products, tf.maximum(places, 0)), -1)
        texts_of_products = tf.gather(self._text_of_product, tf.maximum(products, 0))
        _, nearest = self._index.search(meanings, count)
        at = tf.maximum(nearest, 0)
        seen = tf.einsum("bd,bwd->bw", looks, tf.gather(self.looks_of_texts, at))
        seen = tf.where(tf.gather(self._has_picture, at), seen, self._usual)
        scores = self._weight * seen + (1.0 - self._weight) * self._meant(meanings, at)
        named = self._weight * similar + (1.0 - self._weight) * self._meant(meanings, texts_of_products)
        named += tf.where(similar > _SAME, _ABOVE_ALL * similar, 0.0)
        return SeenProducts(
            nearest,
            tf.where(nearest >= 0, scores, -np.inf),
            products,
            tf.where(products >= 0, named, -np.inf),
        )

    def _meant(self, meanings: tf.Tensor, texts: tf.Tensor) -> tf.Tensor:
        return tf.einsum("bd,bwd->bw", meanings, self._index.vectors_at(texts))


def _variable(values: npt.NDArray[Any], name: str) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
