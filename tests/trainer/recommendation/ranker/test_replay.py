"""Which baskets the ranker of an update learns from."""

import numpy as np

from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.ranker.replay import new_or_replayed


def users_at(times: list[int]) -> JudgedUsers:
    count = len(times)
    nothing = np.zeros(count + 1, np.int64)
    empty = np.zeros(0, np.int32)
    return JudgedUsers(
        user_ids=[b"u%d" % user for user in range(count)],
        history_offsets=nothing,
        history_index=empty,
        history_type=empty,
        history_time=empty.astype(np.int64),
        query_time=np.array(times),
        target_offsets=nothing,
        target_index=empty,
        window=np.zeros(count, np.int32),
        attributes={},
    )


def test_all_that_is_new_and_a_share_of_the_rest() -> None:
    users = users_at([100] * 2000 + [200] * 50)
    chosen = new_or_replayed(users, 200, 0.1, seed=0)
    assert chosen[2000:].all()
    assert 140 < chosen[:2000].sum() < 260
    assert not new_or_replayed(users, 200, 0.0, seed=0)[:2000].any()
    assert new_or_replayed(users, 200, 1.0, seed=0).all()
    # The same again, and others for another update.
    assert (chosen == new_or_replayed(users, 200, 0.1, seed=0)).all()
    assert (chosen[:2000] != new_or_replayed(users, 199, 0.1, seed=0)[:2000]).any()
