"""Learns which products the same users have: a linear model of low rank, in closed form."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

from serving.graph.time_units import WEEK_SECONDS
from serving.recommendation.user_vectors import DECAY_WEEKS
from trainer.recommendation.judged_users import JudgedUsers


def linear_item_vectors(users: JudgedUsers, products: int, dimensions: int, seed: int) -> npt.NDArray[np.float32]:
    """Returns the vectors E of the ridge regression of histories X on themselves, of low rank: B = E E'.

    With X = U S V' cut to the largest singular values, the minimum of |X - X B|^2 + lambda |B|^2 is
    B = V diag(s^2 / (s^2 + lambda)) V' (Jin et al., "Towards a better understanding of linear models for
    recommendation", KDD 2021). Lambda is the square of the smallest singular value that is kept, so that it fits
    shops of any size.

    Time and memory grow with the events, and with (users + products) times the dimensions.

    Args:
        users: Users with their whole histories.
        products: Number of products of the catalogue.
        dimensions: Singular values that are kept at the most.
        seed: Of the randomised decomposition.

    Returns:
        float32 `(products, dimensions)`; the last columns are 0 where there are fewer users or products.
    """
    vectors = np.zeros((products, dimensions), np.float32)
    if not len(users) or not dimensions:
        return vectors
    counts = _histories(users, products)
    kept = min(dimensions, *counts.shape)
    _, values, directions = randomized_svd(counts, kept, n_iter=2, random_state=seed % 2**32)
    squares = values.astype(np.float64) ** 2
    regularized = np.maximum(squares + squares.min(), np.finfo(np.float64).tiny)
    vectors[:, :kept] = directions.T * np.sqrt(squares / regularized)
    return vectors


def _histories(users: JudgedUsers, products: int) -> csr_matrix:
    """Returns float32 `(users, products)`, weighed as `serving.recommendation.user_vectors` weighs a history."""
    row = np.repeat(np.arange(len(users)), np.diff(users.history_offsets))
    weeks = (users.query_time[row] - users.history_time) / WEEK_SECONDS
    # Events of the same user and product are added up.
    counts = csr_matrix(
        (np.exp(-weeks / DECAY_WEEKS), (row, users.history_index)),
        shape=(len(users), products),
        dtype=np.float32,
    )
    counts.data = np.log1p(counts.data)
    return counts
