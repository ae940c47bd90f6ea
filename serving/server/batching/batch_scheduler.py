"""The threads that compute batches, for all models together."""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence

import grpc

from serving.server.batching.batch_queue import BatchQueue, Compute
from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.batching.queued_request import QueuedRequest
from serving.server.errors import StatusError

_LOG = logging.getLogger(__name__)


class BatchScheduler:
    """Collects requests with the same key into batches and computes them; keys take turns.

    Args:
        parameters: Limits of the batches, and the number of threads.
    """

    def __init__(self, parameters: BatchingParameters) -> None:
        self.parameters = parameters
        # A key is here as long as it has a request that waits.
        self._queues: OrderedDict[Hashable, BatchQueue] = OrderedDict()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._compute_until_stopped, name=f"{parameters.thread_pool_name}_{index}")
            for index in range(parameters.num_batch_threads)
        ]

    @property
    def queued_requests(self) -> int:
        """Requests that wait in all queues together."""
        with self._changed:
            return sum(len(queue) for queue in self._queues.values())

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def stop(self) -> None:
        """Takes no more requests, computes those that wait, and ends the threads."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:  # It was started.
                thread.join()

    def add(self, key: Hashable, request: QueuedRequest, compute: Compute, enough_rows: float = math.inf) -> None:
        """Queues a request.

        Args:
            key: Requests with equal keys may be computed together.
            request: Has at most `max_batch_size` rows.
            compute: Computes a batch of requests with this key; the first one's is kept while any of them waits.
            enough_rows: Rows with which a batch waits no longer, and more than which it takes only when full.

        Raises:
            StatusError: UNAVAILABLE if the queue is full or the server stops.
        """
        with self._changed:
            if self._stopping:
                raise StatusError(grpc.StatusCode.UNAVAILABLE, "The server is stopping.")
            if key not in self._queues:
                self._queues[key] = BatchQueue(compute, self.parameters)
            if self._queues[key].add(request, time.monotonic(), enough_rows):
                # Each time a thread is woken for nothing, those that read requests wait for it.
                self._changed.notify()

    def remove(self, key: Hashable, request: QueuedRequest) -> None:
        """Takes a request out of its queue, if it is still there."""
        with self._changed:
            queue = self._queues.get(key)
            if queue is not None:
                queue.remove(request)
                if not len(queue):
                    del self._queues[key]

    def _compute_until_stopped(self) -> None:
        while (batch := self._next_batch()) is not None:
            compute, requests = batch
            try:
                compute(requests)
            except Exception:
                # The thread must live on; whoever waits is told by `compute`.
                _LOG.exception("A batch failed in an unforeseen way.")

    def _next_batch(self) -> tuple[Compute, Sequence[QueuedRequest]] | None:
        """Waits for a batch that is due; returns None when the server stops and nothing waits."""
        with self._changed:
            while self._queues or not self._stopping:
                now = time.monotonic()
                due_at = {key: queue.due_at() for key, queue in self._queues.items()}
                key = next((key for key, due in due_at.items() if due <= now or self._stopping), None)
                if key is None:
                    seconds = min(due_at.values(), default=math.inf) - now
                    self._changed.wait(min(seconds, threading.TIMEOUT_MAX))
                    continue
                queue = self._queues[key]
                requests = queue.take()
                self._queues.move_to_end(key)
                if not len(queue):
                    del self._queues[key]
                # This thread may have been the one that watched the clock for the batches that are left.
                self._changed.notify()
                return queue.compute, requests
        return None
