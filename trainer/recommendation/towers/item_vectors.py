"""Product vectors: the same function in training, indexing and evaluation."""

import numpy as np
import numpy.typing as npt

from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_tower import LOOKS
from trainer.recommendation.towers.towers import Towers


def item_vectors(towers: Towers, features: ItemFeatures, batch_size: int = 4096) -> npt.NDArray[np.float32]:
    """Embeds products.

    Args:
        towers: The trained towers.
        features: Any slice of the catalogue's features.
        batch_size: Products a step.

    Returns:
        float32 `(products, dimensions)`, rows in the order of `features`: the item tower's vector, and
        then the values of the linear model.
    """
    own = np.zeros((len(features), towers.item_tower.dimensions), np.float32)
    for start in range(0, len(features), batch_size):
        batch = features.rows(start, start + batch_size)
        inputs = batch.inputs()
        if towers.looks is not None:
            inputs[LOOKS] = towers.looks[batch.product_index]
        own[start : start + batch_size] = np.asarray(towers.item_tower(inputs, training=False))
    return np.concatenate([own, towers.linear_vectors[features.product_index]], axis=1)
