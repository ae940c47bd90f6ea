"""Weighs what the linear model says of a user against what the towers say, by validation."""

import math

import numpy as np

from trainer.recommendation.catalogue_ranking import NOVEL_PREFIX, vector_metrics
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import Towers
from trainer.recommendation.towers.user_vectors import user_vectors

# The towers' scores are logarithms of odds, some ten wide; the linear model's are shares of a user, far below 1. The
# lowest weight is next to none, and not 0: the ranker reads the linear model's part by itself.
WEIGHTS = (0.25, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


def weigh_linear_part(towers: Towers, items: ItemFeatures, users: JudgedUsers) -> tuple[Towers, float]:
    """Returns the towers with their linear vectors multiplied by the best of `WEIGHTS`, and that weight.

    The best has the highest product of NDCG@10 and novel NDCG@10 over the whole catalogue, so that neither is given up
    for the other; of equal ones the lowest counts. With nobody to judge, or no linear model, the weight is 1.

    Args:
        towers: The trained towers.
        items: The catalogue's features.
        users: Users of the eval split.
    """
    if not towers.linear_vectors.shape[1] or not (np.diff(users.history_offsets) > 0).any():
        return towers, 1.0
    products = item_vectors(towers, items)
    vectors = user_vectors(towers, products, users)
    scale = np.ones(products.shape[1], np.float32)
    judged = {}
    for weight in WEIGHTS:
        scale[towers.item_tower.dimensions :] = weight
        found = vector_metrics(vectors, products * scale, users)
        values = [found[name] for name in ("ndcg_at_10", f"{NOVEL_PREFIX}ndcg_at_10")]
        judged[weight] = math.prod(value for value in values if not math.isnan(value))
    best = max(judged, key=lambda weight: judged[weight])
    return towers._replace(linear_vectors=towers.linear_vectors * np.float32(best)), best
