"""What the catalogue's products are at a level: themselves, or their categories."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.rules.itemset_mining import IntArray
from components.rules.options import Level
from trainer.artifacts.catalogue import load_catalogue


class LevelItems(NamedTuple):
    """The items of a level.

    Attributes:
        names: string `(items,)`; product ids, or categories with all their levels.
        titles: string `(items,)`; titles of products, or the categories again.
        of_product: int64 `(products,)`; item of each product of the catalogue, -1 for none.
    """

    names: pa.Array
    titles: pa.Array
    of_product: IntArray


def load_level_items(catalogue_uri: str, level: Level) -> LevelItems:
    """Reads the items of a level from a catalogue; products without a category are no item of that level."""
    catalogue = load_catalogue(catalogue_uri)
    if level == "product":
        names = catalogue["product_id"].combine_chunks()
        return LevelItems(names, catalogue["title"].combine_chunks(), np.arange(len(names)))
    category = catalogue["category"].combine_chunks()
    named = pc.if_else(pc.equal(category, ""), None, category).dictionary_encode()
    of_product = pc.fill_null(named.indices, -1).to_numpy().astype(np.int64)
    return LevelItems(named.dictionary, named.dictionary, of_product)
