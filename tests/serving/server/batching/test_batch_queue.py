"""Which requests a batch takes, and when."""

import math

import numpy as np
import pytest

from serving.server.batching.batch_queue import BatchQueue
from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.batching.queued_request import QueuedRequest


def queue_of(*rows: int, enough_rows: float, max_batch_size: int = 16) -> BatchQueue:
    """Returns a queue with a request for each number of rows, all of which came at 0 seconds."""
    parameters = BatchingParameters(max_batch_size=max_batch_size, batch_timeout_micros=1_000_000)
    queue = BatchQueue(lambda requests: None, parameters)
    for count in rows:
        queue.add(QueuedRequest({"x": np.zeros(count)}, count, None), now=0.0, enough_rows=enough_rows)
    return queue


@pytest.mark.parametrize(
    ("rows", "enough_rows", "due_at"),
    [
        ((5,), math.inf, 1.0),
        ((5,), 6, 1.0),
        ((5, 1), 6, -math.inf),
        ((16,), math.inf, -math.inf),
        ((9, 9), 99, -math.inf),
    ],
)
def test_a_batch_waits_until_it_has_enough_or_is_full(rows: tuple[int, ...], enough_rows: float, due_at: float) -> None:
    assert queue_of(*rows, enough_rows=enough_rows).due_at() == due_at


@pytest.mark.parametrize(
    ("rows", "enough_rows", "taken"),
    [
        ((2,) * 6, math.inf, [[2] * 6]),
        ((2,) * 6, 6, [[2] * 3, [2] * 3]),
        ((2,) * 6, 5, [[2, 2], [2, 2], [2, 2]]),
        ((7, 1, 1), 5, [[7], [1, 1]]),
        ((1, 1, 1, 1, 1), 1, [[1, 1, 1, 1], [1]]),
        ((2,) * 8, 4, [[2] * 8]),
        ((9, 2, 9), 4, [[9, 2], [9]]),
    ],
)
def test_no_more_than_enough_is_taken_but_from_full_batches(
    rows: tuple[int, ...], enough_rows: float, taken: list[list[int]]
) -> None:
    queue = queue_of(*rows, enough_rows=enough_rows)
    assert [[request.rows for request in queue.take()] for _ in taken] == taken
    assert len(queue) == 0


def test_what_is_left_after_enough_was_taken_is_due() -> None:
    queue = queue_of(4, 4, 1, enough_rows=4)
    queue.take()
    assert queue.due_at() == -math.inf
