"""The pictures of a search catalogue, as the index wants them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.products.vector_tables import vector_lists
from serving.index.lexical import LexicalIndex, Postings
from trainer.options import PictureOptions
from trainer.pictures.encoder import load_picture_encoder
from trainer.pictures.picture_vectors import load_picture_vectors
from trainer.search.index.build import PictureSide
from trainer.search.options import SearchServingOptions
from trainer.search.pictures.build import SearchPictures, build_search_pictures
from trainer.search.queries import JudgedQueries


def catalogue_pictures(
    uri: str,
    catalogue: pa.Table,
    text_of_product: npt.NDArray[np.integer],
    vectors: npt.NDArray[np.float32],
    queries: JudgedQueries,
    embed: Callable[[list[str]], npt.NDArray[np.float32]],
    postings: Postings,
    serving: SearchServingOptions,
    *,
    relevant_from: float,
    seed: int,
) -> SearchPictures | None:
    """Returns what pictures add to a search of a catalogue; None where none of its products has one.

    Args:
        uri: The PictureVectors artifact.
        catalogue: Columns image and category.
        text_of_product: int `(products,)`.
        vectors: float32 `(texts, dimensions)` that texts are found by.
        queries: Validation queries, whose products are rows of texts.
        embed: The encoder of queries.
        postings: The texts' words.
        serving: Which sides are on.
        relevant_from: Least relevance of a text that answers a query.
        seed: Of all that is drawn.
    """
    pictures = load_picture_vectors(uri, catalogue["image"].to_pylist())
    if not pictures.shape[1] or np.isnan(pictures[:, 0]).all():
        return None
    return build_search_pictures(
        pictures,
        text_of_product,
        catalogue["category"].to_pylist(),
        vectors,
        queries,
        embed(queries.queries),
        LexicalIndex(postings) if serving.lexical is not None else None,
        relevant_from,
        seed,
    )


def with_looks(catalogue: pa.Table, pictures: SearchPictures) -> pa.Table:
    """Returns a catalogue whose `image_embedding` is how the picture of a product looks; null without one."""
    facts = pictures.facts
    row = np.full(len(catalogue), -1, np.int64)
    row[facts.products] = np.arange(len(facts.products))
    looks = vector_lists(facts.looks).take(pa.array(row, mask=row < 0))
    place = catalogue.schema.get_field_index("image_embedding")
    return catalogue.set_column(place, catalogue.schema.field(place), pa.chunked_array([looks]))


def picture_card(pictures: SearchPictures, options: PictureOptions) -> dict[str, Any]:
    """Returns what the model card says of pictures."""
    return {
        "pictures": {
            "backbone": options.backbone,
            "max_bytes": options.max_bytes,
            "max_pixels": options.max_pixels,
            **pictures.report,
        }
    }


def picture_side(pictures: SearchPictures | None, options: PictureOptions | None) -> PictureSide | None:
    """Returns what the served model reads pictures with; None where there are none."""
    if pictures is None or options is None:
        return None
    return PictureSide(pictures.facts, load_picture_encoder(options).embedder())
