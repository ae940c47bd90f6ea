"""The item tower: a product's text vector, id and features to one unit vector."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

PRODUCT_INDEX, TEXT_VECTOR, LOOKS = "product_index", "text_vector", "looks"


# Width of what is read of a product's numbers.
_NUMBER_UNITS = 16
# The parts of the sum start out alike, and small beside what they grow to.
_START = 0.02


@keras.saving.register_keras_serializable(package="shelfwise")
class ItemTower(keras.Model):
    """Embeds products: each input is projected to the same width, and the vector is their sum.

    Each step of the training embeds the whole catalogue, so there is nothing between the sum and the vector. Its length
    says how much is known of a product, and how often it is bought.

    Call arguments:
        inputs: dict with `product_index` int32 `(...,)`, `numbers` float32 `(..., m)`, `categories` int32
            `(..., c)` (0 is missing or unknown) and, where `text_dimensions` is above 0, `text_vector` float32
            `(..., t)`, and so with `picture_dimensions` and `looks`. Without `product_index` the products are the whole
            catalogue, in its order, for which ids need no look-up.

    Returns:
        float32 `(..., dimensions)`.

    Args:
        products: Size of the catalogue, which is the size of the id embedding.
        dimensions: Width of the vectors.
        numbers: What each column of `numbers` is.
        category_sizes: Size of each column's vocabulary, 0 included.
        text_dimensions: Width of the text vectors; 0 where texts are off.
        picture_dimensions: Width of what is read of pictures; 0 where none are.
        id_embedding: Whether each product has a learned vector of its own.
    """

    def __init__(
        self,
        *,
        products: int,
        dimensions: int,
        numbers: Sequence[str],
        category_sizes: Sequence[int] = (),
        text_dimensions: int = 0,
        picture_dimensions: int = 0,
        id_embedding: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.products = products
        self.dimensions = dimensions
        self.numbers = tuple(numbers)
        self.category_sizes = tuple(int(size) for size in category_sizes)
        self.text_dimensions = text_dimensions
        self.picture_dimensions = picture_dimensions
        self.id_embedding = id_embedding
        small = keras.initializers.RandomNormal(stddev=_START)
        self.number_projection = keras.Sequential(
            [
                keras.layers.Dense(_NUMBER_UNITS, activation="relu"),
                # Zero at first: were numbers to dominate, all products would start out alike.
                keras.layers.Dense(dimensions, kernel_initializer="zeros"),
            ],
            name="numbers",
        )
        self.category_embeddings = [
            keras.layers.Embedding(size, dimensions, small.clone(), name=f"category_{column}")
            for column, size in enumerate(self.category_sizes)
        ]
        self.text_projection = (
            keras.layers.Dense(dimensions, kernel_initializer=small.clone(), name="text") if text_dimensions else None
        )
        # Without a bias: a product without a picture, whose looks are 0, gets nothing from them.
        self.picture_projection = (
            keras.layers.Dense(dimensions, use_bias=False, kernel_initializer=small.clone(), name="picture")
            if picture_dimensions
            else None
        )
        self.product_embedding = (
            keras.layers.Embedding(products, dimensions, small.clone(), name="product") if id_embedding else None
        )

    def build(self, input_shape: Mapping[str, Sequence[int | None]]) -> None:
        self.number_projection.build((None, len(self.numbers)))
        for embedding in self.category_embeddings:
            embedding.build((None,))
        if self.text_projection is not None:
            self.text_projection.build((None, self.text_dimensions))
        if self.picture_projection is not None:
            self.picture_projection.build((None, self.picture_dimensions))
        if self.product_embedding is not None:
            self.product_embedding.build((None,))
        self.built = True

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        total = self.number_projection(inputs["numbers"])
        for column, embedding in enumerate(self.category_embeddings):
            total = total + embedding(inputs["categories"][..., column])
        if self.text_projection is not None:
            if TEXT_VECTOR not in inputs:
                raise ValueError(
                    f"This item tower was trained with texts: `{TEXT_VECTOR}` should be among the inputs. "
                    f"Received {sorted(inputs)}."
                )
            total = total + self.text_projection(inputs[TEXT_VECTOR])
        if self.picture_projection is not None:
            total = total + self.picture_projection(inputs[LOOKS])
        if self.product_embedding is not None:
            whole = PRODUCT_INDEX not in inputs
            total = total + (
                keras.ops.convert_to_tensor(self.product_embedding.embeddings)
                if whole
                else self.product_embedding(inputs[PRODUCT_INDEX])
            )
        return keras.ops.cast(total, "float32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "products": self.products,
            "dimensions": self.dimensions,
            "numbers": self.numbers,
            "category_sizes": self.category_sizes,
            "text_dimensions": self.text_dimensions,
            "picture_dimensions": self.picture_dimensions,
            "id_embedding": self.id_embedding,
        }
