"""What is left of users who are asked about as if they had just come."""

import pytest

from tests.components.recommendation.judging.ranking_data import random_users, serialize
from trainer.recommendation.judged_users import parse_judged_users


@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_latest_events_equal_slicing(count):
    people = random_users(30, products=9, seed=3)
    users = parse_judged_users([serialize(user, str(number)) for number, user in enumerate(people)])
    few = users.latest(count)
    assert len(few) == len(people)
    for row, user in enumerate(people):
        events = few.history(row)
        found = zip(few.history_index[events], few.history_type[events], few.history_time[events], strict=True)
        assert [tuple(map(int, event)) for event in found] == user.history[max(0, len(user.history) - count) :]
        assert few.targets(row).tolist() == user.targets
        assert few.query_time[row] == user.query_time
