"""Vectors of products from their texts and, with a weight each, their images, prices and ratings."""

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from trainer.clusters.options import ClusterOptions

Vectors = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProductParts:
    """What is known of products beside their texts; None where it is known of no product.

    Attributes:
        images: float `(products, image dimensions)`; a row with a NaN, or of length 0, where a product has no image.
        prices: float `(products,)`; NaN, or not above 0, where a product has none.
        ratings: float `(products,)`; NaN where a product has none.
    """

    images: npt.NDArray[np.floating] | None = None
    prices: npt.NDArray[np.floating] | None = None
    ratings: npt.NDArray[np.floating] | None = None

    def take(self, rows: npt.NDArray[np.integer]) -> "ProductParts":
        """Returns the parts of these rows."""
        return ProductParts(
            images=None if self.images is None else self.images[rows],
            prices=None if self.prices is None else self.prices[rows],
            ratings=None if self.ratings is None else self.ratings[rows],
        )

    def of_texts(self, text_of_product: npt.NDArray[np.integer], texts: int) -> "ProductParts":
        """Returns the mean parts of the products of each text, over those that have them.

        Args:
            text_of_product: int `(products,)`, the text of each.
            texts: Their number.
        """
        prices = None if self.prices is None else np.where(self.prices > 0, self.prices, np.nan)[:, np.newaxis]
        ratings = None if self.ratings is None else self.ratings[:, np.newaxis]
        prices, ratings = (_means(values, text_of_product, texts) for values in (prices, ratings))
        return ProductParts(
            images=_means(self.images, text_of_product, texts),
            prices=None if prices is None else prices[:, 0],
            ratings=None if ratings is None else ratings[:, 0],
        )


@dataclasses.dataclass(frozen=True)
class Scale:
    """A number's mean and standard deviation over the catalogue, and the weight it gets once standardised."""

    mean: float
    deviation: float
    weight: float

    def apply(self, values: npt.NDArray[np.floating] | None, products: int) -> Vectors:
        """Returns float32 `(products, 1)`; what is not known is put at the mean, which is 0."""
        if values is None:
            return np.zeros((products, 1), np.float32)
        standardised = (values.astype(np.float64) - self.mean) / self.deviation * self.weight
        return np.nan_to_num(standardised, nan=0.0).astype(np.float32)[:, np.newaxis]


@dataclasses.dataclass(frozen=True, kw_only=True)
class VectorFusion:
    """Puts parts of products beside their text vectors, on the scales of the catalogue it was fitted to.

    Attributes:
        image_weight: Factor of the image vectors.
        image_mean: Mean of the catalogue's image vectors, which stands for an image that is not there; None where
            images are left out.
        price: Scale of the logarithm of the price; None where it is left out.
        rating: Scale of the rating; None where it is left out.
    """

    image_weight: float = 0.0
    image_mean: tuple[float, ...] | None = None
    price: Scale | None = None
    rating: Scale | None = None

    @property
    def text_only(self) -> bool:
        """Whether the vectors are those of the texts and nothing else."""
        return self.image_mean is None and self.price is None and self.rating is None

    def fuse(self, vectors: Vectors, parts: ProductParts) -> Vectors:
        """Returns the fused vectors, with the unknown parts of a product at the catalogue's mean.

        Args:
            vectors: float32 `(products, dimensions)`, of texts.
            parts: Of the same products.

        Returns:
            float32 `(products, dimensions + image dimensions + numbers)`: a copy, or `vectors` where there is nothing
            to put beside them.

        Raises:
            ValueError: A part is of other products, or images are of other dimensions than those it was fitted to.
        """
        for name, part in (("images", parts.images), ("prices", parts.prices), ("ratings", parts.ratings)):
            if part is not None and len(part) != len(vectors):
                raise ValueError(f"`{name}` should have {len(vectors)} rows, as `vectors`. Received {len(part)}.")
        fused = [vectors]
        if self.image_mean is not None:
            fused.append(self._image_part(parts.images, len(vectors)))
        if self.price is not None:
            fused.append(self.price.apply(_logarithms(parts.prices), len(vectors)))
        if self.rating is not None:
            fused.append(self.rating.apply(parts.ratings, len(vectors)))
        return vectors if len(fused) == 1 else np.concatenate(fused, axis=1, dtype=np.float32)

    def _image_part(self, images: npt.NDArray[np.floating] | None, products: int) -> Vectors:
        mean = np.asarray(self.image_mean, np.float32)
        if images is None:
            return np.tile(mean * self.image_weight, (products, 1)).astype(np.float32)
        if images.shape[1] != len(mean):
            raise ValueError(f"`images` should have {len(mean)} columns, as fitted. Received {images.shape[1]}.")
        unit = _unit_rows(images)
        part: Vectors = np.where(np.isnan(unit), mean, unit) * np.float32(self.image_weight)
        return part


def fit_fusion(parts: ProductParts, options: ClusterOptions) -> VectorFusion:
    """Fits the scales of the parts that have a weight; a part that no product has, or that never varies, is left out.

    Args:
        parts: Of the catalogue.
        options: The weights.
    """
    image_mean = None
    if options.image_weight and parts.images is not None:
        unit = _unit_rows(parts.images)
        known = ~np.isnan(unit).any(axis=1)
        if known.any():
            image_mean = tuple(unit[known].mean(axis=0, dtype=np.float64).tolist())
    return VectorFusion(
        image_weight=options.image_weight if image_mean is not None else 0.0,
        image_mean=image_mean,
        price=_fit_scale(_logarithms(parts.prices), options.price_weight),
        rating=_fit_scale(parts.ratings, options.rating_weight),
    )


def _means(
    values: npt.NDArray[np.floating] | None, groups: npt.NDArray[np.integer], count: int
) -> npt.NDArray[np.floating] | None:
    """Returns the mean row of each group over its rows without a NaN, NaN where there is none."""
    if values is None:
        return None
    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    members = csr_array((np.ones(len(known), np.float32), (groups[known], known)), shape=(count, len(values)))
    totals = members.sum(axis=1)[:, np.newaxis]
    sums = members @ np.nan_to_num(values, nan=0.0)
    means: npt.NDArray[np.floating] = np.divide(sums, totals, out=np.full(sums.shape, np.nan), where=totals > 0)
    return means


def _fit_scale(values: npt.NDArray[np.floating] | None, weight: float | None) -> Scale | None:
    if values is None or not weight:
        return None
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known) or known.min() == known.max():
        return None
    return Scale(float(known.mean()), float(known.std()), weight)


def _logarithms(prices: npt.NDArray[np.floating] | None) -> npt.NDArray[np.float64] | None:
    """Returns the logarithms, NaN where there is no price above 0."""
    if prices is None:
        return None
    logarithms = np.full(len(prices), np.nan)
    np.log(prices, out=logarithms, where=np.isfinite(prices) & (prices > 0))
    return logarithms


def _unit_rows(images: npt.NDArray[np.floating]) -> Vectors:
    """Returns the rows at length 1, all NaN where a row has a NaN or no length."""
    rows = images.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.full_like(rows, np.nan)
    return np.divide(rows, lengths, out=unit, where=lengths > 0)
