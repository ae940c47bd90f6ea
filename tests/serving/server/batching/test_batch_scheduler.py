"""How batches form and take turns, with computations that the test holds up."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest

from serving.server.batching.batch_scheduler import BatchScheduler
from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.batching.queued_request import QueuedRequest
from serving.server.errors import StatusError
from tests.serving.server.batching.batching_server import MINUTE_MICROS, until


class HeldComputation:
    """Notes the rows of each batch, and computes none before it may."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun: list[list[int]] = []

    def __call__(self, requests: Sequence[QueuedRequest]) -> None:
        self.begun.append([request.rows for request in requests])
        assert self.go.wait(30)
        for request in requests:
            if request.begin():
                request.finish({})


@pytest.fixture
def compute() -> HeldComputation:
    return HeldComputation()


@pytest.fixture
def scheduler(compute: HeldComputation) -> Iterator[BatchScheduler]:
    """One thread, batches of up to 4 rows, two of which may wait."""
    made = BatchScheduler(BatchingParameters(max_batch_size=4, max_enqueued_batches=2, num_batch_threads=1))
    made.start()
    yield made
    compute.go.set()
    made.stop()


def request(rows: int = 1, timeout_seconds: float | None = None) -> QueuedRequest:
    return QueuedRequest({"x": np.zeros(rows)}, rows, timeout_seconds)


def occupy(scheduler: BatchScheduler, compute: HeldComputation) -> None:
    """Makes the only thread busy."""
    scheduler.add("busy", request(), compute)
    until(lambda: compute.begun == [[1]])


def test_what_comes_while_the_thread_is_busy_is_computed_together_in_order(
    scheduler: BatchScheduler, compute: HeldComputation
) -> None:
    occupy(scheduler, compute)
    for rows in (1, 2, 2, 1, 1):
        scheduler.add("key", request(rows), compute)
    compute.go.set()
    until(lambda: len(compute.begun) == 3)
    assert compute.begun == [[1], [1, 2], [2, 1, 1]]


def test_keys_take_turns(scheduler: BatchScheduler, compute: HeldComputation) -> None:
    occupy(scheduler, compute)
    for key, rows in (("many", 4), ("many", 3), ("few", 2)):
        scheduler.add(key, request(rows), compute)
    compute.go.set()
    until(lambda: len(compute.begun) == 4)
    assert compute.begun == [[1], [4], [2], [3]]


def test_the_queue_of_one_key_is_full_and_that_of_another_is_not(
    scheduler: BatchScheduler, compute: HeldComputation
) -> None:
    occupy(scheduler, compute)
    waiting = [request(4), request(3)]
    for one in waiting:
        scheduler.add("key", one, compute)
    with pytest.raises(StatusError, match="max_enqueued_batches=2") as raised:
        scheduler.add("key", request(2), compute)
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    scheduler.add("key", request(1), compute)
    scheduler.add("other", request(4), compute)
    scheduler.remove("key", waiting[0])
    scheduler.add("key", request(2), compute)


def test_a_request_that_expires_in_the_queue_is_told_so_and_not_begun(
    scheduler: BatchScheduler, compute: HeldComputation
) -> None:
    occupy(scheduler, compute)
    late = request(timeout_seconds=0.01)
    scheduler.add("key", late, compute)
    with pytest.raises(StatusError) as raised:
        late.wait(lambda: scheduler.remove("key", late))
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not late.begin()
    assert scheduler.queued_requests == 0


def test_a_request_that_was_late_already_is_not_begun() -> None:
    late = request(timeout_seconds=0.0)
    assert not late.begin()
    with pytest.raises(StatusError) as raised:
        late.wait(lambda: None)
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_request_that_is_given_up_is_cancelled() -> None:
    gone = request(timeout_seconds=30.0)
    assert gone.give_up()
    withdrawn: list[bool] = []
    with pytest.raises(StatusError) as raised:
        gone.wait(lambda: withdrawn.append(True))
    assert raised.value.code is grpc.StatusCode.CANCELLED
    assert withdrawn == [True]


def test_what_has_begun_is_waited_for_past_the_deadline() -> None:
    begun = request(timeout_seconds=0.5)
    assert begun.begin()
    assert not begun.give_up()
    until(lambda: begun.remaining_seconds <= 0)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(begun.wait, lambda: None)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.05)
        begun.finish({})
        with pytest.raises(StatusError) as raised:
            waiting.result()
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_stopping_computes_what_waits_and_takes_nothing_more(compute: HeldComputation) -> None:
    scheduler = BatchScheduler(BatchingParameters(batch_timeout_micros=MINUTE_MICROS, num_batch_threads=2))
    scheduler.start()
    waiting = request(3)
    scheduler.add("key", waiting, compute)
    compute.go.set()
    scheduler.stop()
    assert compute.begun == [[3]]
    assert waiting.wait(lambda: None) == {}
    with pytest.raises(StatusError, match="stopping"):
        scheduler.add("key", request(), compute)


def test_every_key_is_watched_when_there_are_more_keys_than_threads(compute: HeldComputation) -> None:
    compute.go.set()
    scheduler = BatchScheduler(BatchingParameters(batch_timeout_micros=5000, num_batch_threads=2))
    scheduler.start()
    waiting = [request() for _ in range(20)]
    for key, one in enumerate(waiting):
        scheduler.add(key, one, compute)
    for one in waiting:
        assert one.wait(lambda: None) == {}
    scheduler.stop()


def test_a_thread_outlives_a_computation_that_fails(scheduler: BatchScheduler, compute: HeldComputation) -> None:
    def fail(_: Sequence[QueuedRequest]) -> None:
        raise RuntimeError("unforeseen")

    scheduler.add("failing", request(), fail)
    compute.go.set()
    one = request()
    scheduler.add("key", one, compute)
    assert one.wait(lambda: None) == {}
