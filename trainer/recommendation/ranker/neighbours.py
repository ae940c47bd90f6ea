"""Learns which products the same users have, as a table of each product's nearest neighbours."""

import io
import os

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.sparse import csr_matrix

from serving.recommendation.neighbours import NeighbourTable
from trainer.metrics.ranking import highest
from trainer.recommendation.judged_users import JudgedUsers

# A pair of rare products that two users share by chance is no neighbourhood: each counts as had by so many more.
_SHRINKAGE = 20.0
# How much a popular product loses: 1 would be lift, 0 the number of users in common.
_OWN_POWER, _NEIGHBOUR_POWER = 0.5, 0.8
# Pairs of products that are held at once, 32 MiB.
_PAIRS_AT_ONCE = 2**23
_FILE = "neighbours.npz"


def neighbour_table(users: JudgedUsers, products: int, neighbours: int) -> NeighbourTable:
    """Finds the nearest neighbours of each product: item-based k-nearest neighbours over users.

    With n_i users that had product i, and c_ij that had i and j, j is as near to i as
    c_ij / ((n_i + 20)^0.5 (n_j + 20)^0.8) (after Deshpande and Karypis, "Item-based top-n recommendation algorithms",
    TOIS 2004, whose alpha this splits). The pairs of some products with all others are in memory at a time.

    Args:
        users: Users with their histories.
        products: Number of products of the catalogue.
        neighbours: Neighbours to keep of each product, at the most.

    Returns:
        The table, its neighbours in order of nearness.
    """
    width = min(neighbours, max(products - 1, 1))
    found: npt.NDArray[np.int32] = np.full((products, width), -1, np.int32)
    weights: npt.NDArray[np.float32] = np.zeros((products, width), np.float32)
    had = _had(users, products)
    by_product = had.T.tocsr()
    counts = np.asarray(had.sum(axis=0), np.float32).ravel()
    own, other = (counts + _SHRINKAGE) ** -_OWN_POWER, (counts + _SHRINKAGE) ** -_NEIGHBOUR_POWER
    at_once = max(1, _PAIRS_AT_ONCE // products)
    for start in range(0, products, at_once):
        rows = np.arange(start, min(start + at_once, products))
        near = (by_product[rows] @ had).toarray()
        near *= other
        near[np.arange(len(rows)), rows] = 0.0
        places = highest(near, width)
        values = np.take_along_axis(near, places, axis=1) * own[rows, np.newaxis]
        found[rows] = np.where(values > 0.0, places, -1)
        weights[rows] = values
    return NeighbourTable(products=found, weights=weights)


def with_products(table: NeighbourTable, known: npt.NDArray[np.int64]) -> NeighbourTable:
    """Returns the table for another catalogue; a new product is nobody's neighbour, and has none.

    Args:
        table: Of the catalogue that it was learned of.
        known: The place of each product in that catalogue, -1 for a new one, `(products,)`.
    """
    old, weights = np.asarray(table.products), np.asarray(table.weights)
    # The last place stands for no neighbour.
    place = np.full(len(old) + 1, -1, np.int32)
    place[known[known >= 0]] = np.flatnonzero(known >= 0)
    is_known = known[:, np.newaxis] >= 0
    products = np.where(is_known, place[old[known]], np.int32(-1))
    return NeighbourTable(products=products, weights=np.where(is_known & (products >= 0), weights[known], 0.0))


def save_neighbours(table: NeighbourTable, model_uri: str) -> None:
    """Writes a table under `model_uri`, which may be on any filesystem that TensorFlow reads."""
    # NumPy goes back in what it writes, which remote filesystems do not bear.
    written = io.BytesIO()
    np.savez(written, products=table.products, weights=table.weights)
    with tf.io.gfile.GFile(os.path.join(model_uri, _FILE), "wb") as stream:
        stream.write(written.getvalue())


def load_neighbours(model_uri: str) -> NeighbourTable:
    """Reads what `save_neighbours` wrote.

    Raises:
        tf.errors.NotFoundError: There is no table.
    """
    with tf.io.gfile.GFile(os.path.join(model_uri, _FILE), "rb") as stream:
        arrays = np.load(io.BytesIO(stream.read()))
    return NeighbourTable(products=arrays["products"], weights=arrays["weights"])


def _had(users: JudgedUsers, products: int) -> csr_matrix:
    """Returns which users had which products, float32 `(users, products)` of 1."""
    row = np.repeat(np.arange(len(users)), np.diff(users.history_offsets))
    had = csr_matrix((np.ones(len(row), np.float32), (row, users.history_index)), shape=(len(users), products))
    had.sum_duplicates()
    had.data[:] = 1.0
    return had
