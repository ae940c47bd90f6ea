"""Which baskets the ranker of an update learns from."""

import hashlib

import numpy as np
import numpy.typing as npt

from trainer.recommendation.judged_users import JudgedUsers


def new_or_replayed(users: JudgedUsers, learned_until: int, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Chooses what the earlier ranker has not learned from, and a share of the rest: bool `(users,)`.

    Args:
        users: Baskets with the histories before them.
        learned_until: Moment up to which the earlier ranker was learned, in Unix seconds.
        share: Share of the others, by sha256 of the moment, the user and the window; another moment draws others.
        seed: Of the draw.
    """
    drawn = (
        hashlib.sha256(f"{seed} {learned_until} {window} ".encode() + user_id).digest()
        for user_id, window in zip(users.user_ids, users.window, strict=True)
    )
    replayed = np.array([int.from_bytes(digest[:8], "big") < share * 2.0**64 for digest in drawn], np.bool_)
    chosen: npt.NDArray[np.bool_] = (users.query_time >= learned_until) | replayed
    return chosen
