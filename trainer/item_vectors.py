"""Product vectors from the item tower: the same function in training, indexing and evaluation."""

import numpy as np
import numpy.typing as npt

from trainer.item_features import ItemFeatures
from trainer.item_tower import ItemTower


def item_vectors(item_tower: ItemTower, features: ItemFeatures, batch_size: int = 4096) -> npt.NDArray[np.float32]:
    """Embeds products.

    Args:
        item_tower: The trained tower.
        features: Any slice of the catalogue's features.
        batch_size: Products a step.

    Returns:
        float32 `(products, dimensions)`, rows of length 1 in the order of `features`.
    """
    vectors = np.zeros((len(features), item_tower.dimensions), np.float32)
    for start in range(0, len(features), batch_size):
        batch = features.rows(start, start + batch_size)
        vectors[start : start + batch_size] = np.asarray(item_tower(batch.inputs(), training=False))
    return vectors
