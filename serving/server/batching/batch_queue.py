"""The batches of one signature that wait to be computed."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc

from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.batching.queued_request import QueuedRequest
from serving.server.errors import StatusError

Compute: TypeAlias = Callable[[Sequence[QueuedRequest]], None]


@dataclass
class _Batch:
    """Requests that are computed together, and from when on though there is room for more."""

    due_at: float
    requests: list[QueuedRequest] = field(default_factory=list)
    rows: int = 0


class BatchQueue:
    """Puts requests into batches in the order in which they come. Not safe for threads: its owner holds a lock.

    Only the last batch is open; a request that does not fit into it closes it and opens the next one.

    Args:
        compute: Computes the requests of a batch, and hands each its outputs or its error.
        parameters: Limits of the batches.
    """

    def __init__(self, compute: Compute, parameters: BatchingParameters) -> None:
        self.compute = compute
        self._max_batch_size = parameters.max_batch_size
        self._timeout_seconds = parameters.batch_timeout_micros / 1e6
        self._max_batches = max(parameters.max_enqueued_batches, 1)
        self._batches: deque[_Batch] = deque()

    def __len__(self) -> int:
        return sum(len(batch.requests) for batch in self._batches)

    def add(self, request: QueuedRequest, now: float, patient: bool = True) -> bool:
        """Appends a request that has no more rows than a batch may have.

        Args:
            request: Joins the last batch, or opens a new one.
            now: Seconds of a monotonic clock.
            patient: Whether a batch that it opens waits for more.

        Returns:
            Whether the first batch may be due sooner than before.

        Raises:
            StatusError: UNAVAILABLE if it needs a new batch and there may be no more.
        """
        opens = not self._batches or self._batches[-1].rows + request.rows > self._max_batch_size
        if opens:
            if len(self._batches) >= self._max_batches:
                raise StatusError(
                    grpc.StatusCode.UNAVAILABLE,
                    f"The queue of batches is full: {len(self._batches)} wait, and max_enqueued_batches is "
                    f"{self._max_batches}. Try again later.",
                )
            self._batches.append(_Batch(due_at=now + self._timeout_seconds if patient else now))
        self._batches[-1].requests.append(request)
        self._batches[-1].rows += request.rows
        return opens or self._batches[-1].rows >= self._max_batch_size

    def remove(self, request: QueuedRequest) -> None:
        """Takes a request out, if it is still here, so that others get its place."""
        for batch in self._batches:
            if request in batch.requests:
                batch.requests.remove(request)
                batch.rows -= request.rows
                if not batch.requests:
                    self._batches.remove(batch)
                return

    def due_at(self) -> float:
        """Returns the time from which the first batch is to be computed; there must be one."""
        first = self._batches[0]
        if len(self._batches) > 1 or first.rows >= self._max_batch_size:
            return -math.inf
        return first.due_at

    def take(self) -> Sequence[QueuedRequest]:
        """Removes the first batch, and returns its requests."""
        return self._batches.popleft().requests
