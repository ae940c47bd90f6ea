"""What the item tower reads of products' pictures, and whether that helps."""

from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.artifacts.catalogue import load_catalogue
from trainer.pictures.axes import fit_axes
from trainer.pictures.picture_vectors import load_picture_vectors
from trainer.recommendation.catalogue_ranking import ranking_metrics
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.towers import Towers
from trainer.recommendation.validation import monitored_metric

# Values of a picture: each step of the training embeds the whole catalogue.
_KEPT = 64


def product_looks(catalogue_uri: str, picture_vectors_uri: str | None, seed: int) -> npt.NDArray[np.float32] | None:
    """Returns how each product's picture looks, float32 `(products, few)` of length 1; 0 for one without a picture.

    Args:
        catalogue_uri: The Catalogue artifact.
        picture_vectors_uri: The PictureVectors artifact; None where no pictures are read.
        seed: Of the pictures that the axes are learned from.

    Returns:
        None where no product has a picture.
    """
    if picture_vectors_uri is None:
        return None
    images = load_catalogue(catalogue_uri, ["image"])["image"].to_pylist()
    vectors = load_picture_vectors(picture_vectors_uri, images)
    known = np.isfinite(vectors).all(axis=1) if vectors.shape[1] else np.zeros(len(vectors), np.bool_)
    if not known.any():
        return None
    axes = fit_axes(vectors[known], _KEPT, seed)
    looks = np.zeros((len(vectors), axes.axes.shape[1]), np.float32)
    looks[known] = axes.looks(vectors[known])
    return looks


def weigh_pictures(towers: Towers, items: ItemFeatures, users: JudgedUsers) -> dict[str, Any] | None:
    """Leaves pictures out of trained towers where these rank no worse without them, and says how both rank.

    Args:
        towers: Without their linear part. Their projection of pictures becomes 0 where pictures are left out.
        items: The catalogue's features.
        users: Validation users.

    Returns:
        The validation metric with and without pictures, and whether they are used; None where none are read.
    """
    projection = towers.item_tower.picture_projection
    if projection is None:
        return None
    metric = monitored_metric(users)
    if metric is None:
        return {"metric": None, "with": None, "without": None, "used": True}
    kernel = projection.kernel.numpy()
    with_pictures = float(ranking_metrics(towers, items, users)[metric])
    projection.kernel.assign(np.zeros_like(kernel))
    without = float(ranking_metrics(towers, items, users)[metric])
    used = with_pictures > without
    if used:
        projection.kernel.assign(kernel)
    return {"metric": metric, "with": with_pictures, "without": without, "used": used}
