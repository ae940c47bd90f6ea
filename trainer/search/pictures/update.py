"""What the pictures of another catalogue add to a served search model: all that was learned of them stays."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.pictures.axes import PictureAxes
from trainer.search.index.build import PictureSide
from trainer.search.pictures.alignment import meanings_of
from trainer.search.pictures.build import picture_facts, pictured_products
from trainer.search.pictures.text_fusion import fused

Matrix = npt.NDArray[np.float32]

# Looks are computed again from the same vectors.
_ROUNDING = 1e-4


class CataloguePictures(NamedTuple):
    """The pictures of a catalogue, and how much they count.

    Attributes:
        vectors: float32 `(products, dimensions)`, of the encoder of the served model; a row of NaN without a picture.
        by_image: How much looks count beside what a picture means where a picture is asked.
        of_texts: How much its picture counts beside a text's own vector.
    """

    vectors: Matrix
    by_image: float
    of_texts: float


class UpdatedPictures(NamedTuple):
    """What the new model reads pictures with.

    Attributes:
        side: What `SearchModule` takes.
        of_texts: How much its picture counts beside a text's own vector.
        earlier_looks: float32 `(texts of the served model, looks)`.
    """

    side: PictureSide
    of_texts: float
    earlier_looks: Matrix

    def are_other(self, rows: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Returns which texts have a vector that tells of other pictures than before, bool `(texts,)`.

        Args:
            rows: int `(texts,)`: the row of each text in the served model; any for one that is new.
        """
        looks = self.side.facts.looks_of_texts
        if not self.of_texts:
            return np.zeros(len(looks), np.bool_)
        return np.asarray(np.abs(looks - self.earlier_looks[rows]).max(axis=1) > _ROUNDING)

    def found_by(self, vectors: Matrix, texts: npt.NDArray[np.integer]) -> Matrix:
        """Returns the vectors of some texts, float32 `(n, dimensions)`, with what their pictures mean counted in."""
        facts = self.side.facts
        return fused(vectors, meanings_of(facts.looks_of_texts[texts], facts.head), self.of_texts)

    def looks_of_products(self, products: int) -> Matrix:
        """Returns float32 `(products, looks)`; a row of NaN for a product without a picture."""
        facts = self.side.facts
        looks = np.full((products, facts.looks.shape[1]), np.nan, np.float32)
        looks[facts.products] = facts.looks
        return looks


def update_pictures(
    served: Any, pictures: CataloguePictures, text_of_product: npt.NDArray[np.integer], text_count: int
) -> UpdatedPictures:
    """Reads the pictures of a catalogue as a served model reads those that it knows.

    Args:
        served: The `PictureSearch` of the loaded SavedModel.
        pictures: Those of the new catalogue, at least one of them.
        text_of_product: int `(products,)`.
        text_count: Texts of the new catalogue.
    """
    axes = PictureAxes(served.mean.numpy(), served.axes.numpy())
    pictured = pictured_products(pictures.vectors)
    texts = np.asarray(text_of_product, np.int64)[pictured]
    looks = axes.looks(pictures.vectors[pictured])
    facts = picture_facts(pictured, looks, texts, text_count, axes, served.head.numpy(), pictures.by_image)
    return UpdatedPictures(
        PictureSide(facts, served.picture_embedder), pictures.of_texts, served.looks_of_texts.numpy()
    )
