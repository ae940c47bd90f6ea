"""What a search catalogue knows of products beside their texts, as the clusters want it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainer.clusters.fused_vectors import ProductParts


def product_parts(catalogue: pa.Table) -> ProductParts:
    """Returns images, prices and ratings of a catalogue; None for what no product has.

    Images whose length is not that of the first one count as missing.

    Args:
        catalogue: What `components.search.examples.catalogue.build_search_catalogue` made.
    """
    images = catalogue["image_embedding"].combine_chunks()
    return ProductParts(
        images=_images(images) if len(images) > images.null_count else None,
        prices=_numbers(catalogue["price"]),
        ratings=_numbers(catalogue["rating"]),
    )


def _images(column: pa.ListArray) -> np.ndarray:
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    width = lengths[lengths > 0][0]
    images = np.full((len(column), width), np.nan, np.float32)
    whole = lengths == width
    images[whole] = column.filter(pa.array(whole)).flatten().to_numpy().reshape(-1, width)
    return images


def _numbers(column: pa.ChunkedArray) -> np.ndarray | None:
    numbers = pc.fill_null(column.cast(pa.float32()), float("nan")).to_numpy()
    return None if np.isnan(numbers).all() else numbers
