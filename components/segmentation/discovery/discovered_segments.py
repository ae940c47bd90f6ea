"""Discovered segments as a model: what they are called, and which one a user is in."""

import io
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.errors import InputError
from components.segmentation.discovery.choosing import choose_segments, move_to_users, nearest
from components.segmentation.discovery.kind_counts import KindCounts
from components.segmentation.discovery.kind_space import FloatArray, KindSpace
from components.segmentation.discovery.naming import earlier_names, kind_names
from components.segmentation.discovery.options import DiscoveryOptions

FILE, FACTS_FILE = "discovered_segments.npz", "discovery.json"
# As many segments as before stay unless another number is worth so much more.
_WORTH_A_CHANGE = 1.25


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscoveredSegments:
    """What discovery found.

    Attributes:
        names: Of the segments.
        space: What users are compared by.
        centroids: Means of the segments' users, `(segments, dimensions)`.
    """

    names: tuple[str, ...]
    space: KindSpace
    centroids: FloatArray

    def of_users(self, counts: KindCounts) -> npt.NDArray[np.int64]:
        """Returns the place of each user's segment, `(users,)`; -1 of one without an event of a known kind."""
        return nearest(self.space.vectors(counts), self.centroids)

    def to_bytes(self) -> bytes:
        """Returns the model as the content of an npz file."""
        written = io.BytesIO()
        texts = {"names": self.names, "kinds": self.space.kinds}
        arrays: dict[str, Any] = {"weights": self.space.weights, "axes": self.space.axes, "centroids": self.centroids}
        for name, values in texts.items():
            # As bytes, since an array of texts takes the room of its longest for each.
            arrays[name] = np.frombuffer("\0".join(values).encode("utf-8", "surrogateescape"), np.uint8)
        np.savez(written, **arrays)
        return written.getvalue()

    @classmethod
    def of_bytes(cls, content: bytes) -> "DiscoveredSegments":
        """Returns the model of what `to_bytes` returned."""
        arrays = np.load(io.BytesIO(content))
        names, kinds = (
            tuple(arrays[name].tobytes().decode("utf-8", "surrogateescape").split("\0")) for name in ("names", "kinds")
        )
        space = KindSpace(kinds=kinds, weights=arrays["weights"], axes=arrays["axes"])
        return cls(names=names, space=space, centroids=arrays["centroids"])


def discover(
    counts: KindCounts, options: DiscoveryOptions, seed: int, earlier: DiscoveredSegments | None = None
) -> tuple[DiscoveredSegments, dict[str, Any]]:
    """Finds the segments of a shop.

    Args:
        counts: What a sample of its users did.
        options: How many segments there may be, and how they are looked for.
        seed: Of all that is drawn.
        earlier: What the last run found. Unless another number of segments is worth much more now, its segments stay,
            moved to where users are; and of any others, those with about the same users keep their names.

    Returns:
        The segments, and what labels.json says of how they were found.

    Raises:
        InputError: The users are too few or too much alike.
    """
    space = KindSpace.fit(counts, options, seed)
    vectors = space.vectors(counts)
    known = (vectors != 0.0).any(axis=1)
    try:
        chosen, tried = choose_segments(vectors[known], options, seed)
    except ValueError as error:
        raise InputError(
            f"Segments could not be discovered: of {counts.users:,} users, {error}; {len(space.kinds):,} kinds of "
            f"products have {options.min_kind_users} users or more. Give more events, set a smaller "
            "`tasks.segmentation.segments.discovery.min_kind_users`, or set `labels: spend`."
        ) from error
    centroids = np.asarray(chosen.centroids, np.float64)
    kept: list[str | None] = [None] * len(centroids)
    if earlier is not None:
        before = earlier.of_users(counts)
        number = len(earlier.names)
        same = next((each for each in tried if each.segments == number), None)
        if same is not None and chosen.worth < _WORTH_A_CHANGE * same.worth and len({*before} - {-1}) == number:
            started = np.stack([vectors[before == segment].mean(axis=0) for segment in range(number)])
            chosen, centroids = same, np.asarray(move_to_users(vectors[known], started), np.float64)
        kept = earlier_names(nearest(vectors, centroids), len(centroids), before, earlier.names, options.min_overlap)
    segments = nearest(vectors, centroids)
    names = kind_names(counts.matrix(space.kinds), segments, space.kinds, kept)
    facts = {
        "users": int(known.sum()),
        "stability": chosen.stability,
        "silhouette": chosen.silhouette,
        "kept_names": sum(name is not None for name in kept),
        "tried": [
            {"segments": each.segments, "stability": each.stability, "silhouette": each.silhouette} for each in tried
        ],
    }
    return DiscoveredSegments(names=tuple(names), space=space, centroids=centroids), facts


def load_discovered(uri: str) -> DiscoveredSegments | None:
    """Reads the segments that a run discovered; None where it discovered none."""
    path = os.path.join(uri, FILE)
    if not uri or not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path, "rb") as stream:
        return DiscoveredSegments.of_bytes(stream.read())


def save_discovered(uri: str, content: bytes) -> None:
    """Writes what `DiscoveredSegments.to_bytes` returned; `load_discovered` reads it."""
    tf.io.gfile.makedirs(uri)
    with tf.io.gfile.GFile(os.path.join(uri, FILE), "wb") as stream:
        stream.write(content)
