"""A learned linear change of text vectors, after which products that belong together are near each other."""

import dataclasses

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """Turns a vector v into `l2_normalize(v M + o)`.

    Attributes:
        matrix: float32 `(dimensions, new dimensions)`, M.
        offset: float32 `(new dimensions,)`, o.
    """

    matrix: Vectors
    offset: Vectors

    def apply(self, vectors: Vectors) -> Vectors:
        """Returns float32 `(rows, new dimensions)` of length 1.

        Args:
            vectors: float32 `(rows, dimensions)`.

        Raises:
            ValueError: The vectors are of other dimensions than those it learned from.
        """
        if vectors.shape[1] != len(self.matrix):
            raise ValueError(
                f"`vectors` should have {len(self.matrix)} dimensions, as those that the projection learned from. "
                f"Received {vectors.shape[1]}: take the vectors of the same text encoder."
            )
        changed = vectors @ self.matrix + self.offset
        lengths = np.linalg.norm(changed, axis=1, keepdims=True)
        return np.divide(changed, lengths, out=np.zeros_like(changed), where=lengths > 0)


def principal_projection(vectors: Vectors, dimensions: int, sample: int, random: np.random.Generator) -> Projection:
    """Returns the projection on the principal axes, which changes the distances the least; learning begins with it.

    Args:
        vectors: float32 `(rows, dimensions)`.
        dimensions: To keep at the most; there are never more axes than vectors or dimensions of theirs.
        sample: Rows that are looked at, at the most.
        random: Draws them.
    """
    seen = vectors[random.permutation(len(vectors))[:sample]]
    mean = seen.mean(axis=0)
    axes = np.linalg.svd(seen - mean, full_matrices=False)[2][:dimensions]
    return Projection(axes.T.astype(np.float32), (-mean @ axes.T).astype(np.float32))
