"""How much of their histories the ranker is shown of users: all of it, and of some only what a visitor has."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serving.recommendation.neighbours import NeighbourTable
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.options import RankerTrainingOptions
from trainer.recommendation.ranker.neighbours import neighbour_table

# Histories that neighbours are found in at the most: they are held in memory.
_NEIGHBOUR_USERS = 20_000
_MOST_VISITOR_EVENTS = 10


class ShownHistories(NamedTuple):
    """How much of each user's history is shown, and the neighbours that are known then.

    Attributes:
        events: int64 `(users,)`; the latest events that are shown, 0 for a user who is left out.
        neighbours: Which products the same users have.
    """

    events: npt.NDArray[np.int64]
    neighbours: NeighbourTable


def shown_histories(
    users: JudgedUsers, examples_uri: str, products: int, options: RankerTrainingOptions, seed: int
) -> list[ShownHistories]:
    """Shows all users once, and a share of them once more as visitors who have just come, with one to ten events.

    Neighbours are found in histories up to where the towers' training ends. Those that go with visitors are found
    without them: what is hidden of their histories would be in the table.

    Args:
        users: Whom the ranker learns from.
        examples_uri: Task examples, with the histories that neighbours are found in.
        products: Number of products of the catalogue.
        options: The share, and the sizes.
        seed: Of how many events each visitor has.

    Returns:
        What all users show, with the neighbours that serve; and, if there are visitors, what these do.
    """
    histories = load_judged_users(examples_uri, "eval", _NEIGHBOUR_USERS)
    fraction, width = options.ranker.cold_fraction, options.ranker.neighbours
    whole = np.full(len(histories), options.history_length)
    shown = [
        ShownHistories(
            np.full(len(users), options.history_length), neighbour_table(histories.latest(whole), products, width)
        )
    ]
    new = visitors(users.user_ids, fraction)
    if new.any():
        events = np.random.default_rng(seed).integers(1, _MOST_VISITOR_EVENTS, len(users), endpoint=True)
        unseen = np.where(visitors(histories.user_ids, fraction), 0, whole)
        shown.append(
            ShownHistories(np.where(new, events, 0), neighbour_table(histories.latest(unseen), products, width))
        )
    return shown


def visitors(user_ids: Sequence[bytes], fraction: float) -> npt.NDArray[np.bool_]:
    """Chooses a share of the users by the sha256 of their ids: bool `(users,)`."""
    digests = (hashlib.sha256(b"visitor" + user_id).digest() for user_id in user_ids)
    return np.array([int.from_bytes(digest[:8], "big") < fraction * 2.0**64 for digest in digests], np.bool_)
