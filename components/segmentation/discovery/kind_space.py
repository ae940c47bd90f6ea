"""Users as vectors of the kinds of products that they care for."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags
from sklearn.decomposition import TruncatedSVD

from components.segmentation.discovery.kind_counts import KindCounts
from components.segmentation.discovery.options import DiscoveryOptions

FloatArray = npt.NDArray[np.float64]
# What all users have tells them apart only by how much they have of it.
_WEIGHT_OF_ALL = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class KindSpace:
    """Where users lie by what they care for: latent semantic analysis of users as texts of kinds.

    A user's events of each kind are weighed by (1 + log events) and by how few users have the kind, brought to unit
    length and then to a few axes by singular values, as Deerwester et al. do with words of texts ("Indexing by latent
    semantic analysis", 1990). How much and how often a user buys does not count, only of what.

    Attributes:
        kinds: Names of the kinds.
        weights: Of each kind, log(users / users who have it) + 0.1, `(kinds,)`.
        axes: Unit vectors, `(dimensions, kinds)`.
    """

    kinds: tuple[str, ...]
    weights: FloatArray
    axes: FloatArray

    @classmethod
    def fit(cls, counts: KindCounts, options: DiscoveryOptions, seed: int) -> "KindSpace":
        """Finds the axes of some users.

        Args:
            counts: What they did.
            options: How many axes, and which kinds count.
            seed: Of the decomposition's random start.

        Returns:
            The space; without axes where no kind has enough users.
        """
        names, code = np.unique(np.array(counts.kind.to_pylist(), object), return_inverse=True)
        users = np.bincount(code, minlength=len(names))
        kept = users >= options.min_kind_users
        kinds = tuple(names[kept].tolist())
        weights = np.log(counts.users / users[kept]) + _WEIGHT_OF_ALL
        found = cls(kinds=kinds, weights=weights, axes=np.eye(len(kinds)))
        if len(kinds) <= options.dimensions:
            return found
        svd = TruncatedSVD(options.dimensions, n_iter=7, random_state=seed).fit(found._weighed(counts))
        return cls(kinds=kinds, weights=weights, axes=svd.components_)

    def vectors(self, counts: KindCounts) -> FloatArray:
        """Returns unit vectors `(users, dimensions)`; zeros for a user without an event of a known kind."""
        found = np.asarray(self._weighed(counts) @ self.axes.T)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0.0)

    def _weighed(self, counts: KindCounts) -> csr_matrix:
        matrix = counts.matrix(self.kinds)
        matrix.data = 1.0 + np.log(matrix.data)
        matrix = matrix @ diags(self.weights)
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return diags(np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0.0)) @ matrix
