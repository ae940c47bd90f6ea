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

# Batches are not divided into smaller parts: a row of four takes the processor half as long as one alone, a row of more
# not much less.
_LEAST_PART = 4

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
        self._enough_rows = math.inf
        self._batches: deque[_Batch] = deque()

    def __len__(self) -> int:
        return sum(len(batch.requests) for batch in self._batches)

    def add(self, request: QueuedRequest, now: float, enough_rows: float = math.inf) -> bool:
        """Appends a request that has no more rows than a batch may have.

        Args:
            request: Joins the last batch, or opens a new one.
            now: Seconds of a monotonic clock.
            enough_rows: Rows with which a batch waits no longer, and more than which it takes only when full.

        Returns:
            Whether the first batch may be due sooner than before.

        Raises:
            StatusError: UNAVAILABLE if it needs a new batch and there may be no more.
        """
        self._enough_rows = enough_rows
        opens = not self._batches or self._batches[-1].rows + request.rows > self._max_batch_size
        if opens:
            if len(self._batches) >= self._max_batches:
                raise StatusError(
                    grpc.StatusCode.UNAVAILABLE,
                    "The batch scheduling queue to which this task was submitted is full; "
                    f"max_enqueued_batches={self._max_batches}",
                )
            self._batches.append(_Batch(due_at=now + self._timeout_seconds))
        last = self._batches[-1]
        last.requests.append(request)
        last.rows += request.rows
        return opens or last.rows >= min(enough_rows, self._max_batch_size)

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
        if len(self._batches) > 1 or first.rows >= min(self._enough_rows, self._max_batch_size):
            return -math.inf
        return first.due_at

    def take(self) -> Sequence[QueuedRequest]:
        """Removes and returns requests of the first batch: all if it is full or closed, else as many as are enough."""
        first = self._batches[0]
        whole = len(self._batches) > 1 or first.rows >= self._max_batch_size
        left = first.rows if whole else max(self._enough_rows, _LEAST_PART)
        taken: list[QueuedRequest] = []
        while first.requests and (not taken or first.requests[0].rows <= left):
            taken.append(first.requests.pop(0))
            first.rows -= taken[-1].rows
            left -= taken[-1].rows
        if not first.requests:
            self._batches.popleft()
        return taken
