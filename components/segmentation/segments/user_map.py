"""Users on a plane: near to each other where the model sees them alike."""

from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.decomposition import PCA

MAP_SCHEMA = pa.schema([("x", pa.float32()), ("y", pa.float32()), ("segment", pa.string())])
_MOST_POINTS = 1_000


def user_map(points: list[tuple[str, list[float]]]) -> list[dict[str, Any]]:
    """Returns places of at most 1,000 users, the two principal components of their vectors.

    Args:
        points: Segment and vector of each user, in any order.

    Returns:
        Rows with `MAP_SCHEMA`.
    """
    chosen = sorted(points)
    chosen = chosen[:: max(1, -(-len(chosen) // _MOST_POINTS))]
    if len(chosen) < 2 or len(chosen[0][1]) < 2:
        return []
    places = PCA(n_components=2, random_state=0).fit_transform(np.array([vector for _, vector in chosen]))
    return [
        {"x": float(x), "y": float(y), "segment": segment} for (x, y), (segment, _) in zip(places, chosen, strict=True)
    ]
