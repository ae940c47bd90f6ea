"""The memory that all requests in flight may take together."""

import threading

import grpc

from serving.server.errors import StatusError


class MemoryBudget:
    """Counts what requests in flight are estimated to take; safe for threads.

    Args:
        most_bytes: Of all of them together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken_bytes(self) -> int:
        """What is taken now."""
        return self._taken

    def take(self, size: int) -> None:
        """Takes some of it.

        Raises:
            StatusError: RESOURCE_EXHAUSTED if there is not so much left, at once: a request that waited would hold what
                it has taken itself.
        """
        with self._lock:
            if self._taken + size <= self._most_bytes:
                self._taken += size
                return
        raise StatusError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"The request would take {size} bytes, and requests in flight have taken {self._taken} of "
            f"{self._most_bytes} (--max_inflight_bytes). Ask again later, or for fewer rows.",
        )

    def give_back(self, size: int) -> None:
        """Gives back what has been taken."""
        with self._lock:
            self._taken -= size


class Share:
    """What one request has taken of a budget.

    Args:
        budget: Shared with other requests; None for no limit.
    """

    def __init__(self, budget: MemoryBudget | None = None) -> None:
        self._budget = budget
        self._taken = 0

    def grow_to(self, size: int) -> None:
        """Takes more, until the request has so much.

        Raises:
            StatusError: RESOURCE_EXHAUSTED if there is not so much left.
        """
        if self._budget is not None and size > self._taken:
            self._budget.take(size - self._taken)
            self._taken = size

    def shrink_to(self, size: int) -> None:
        """Gives back what is more than so much; 0 gives back all."""
        if self._budget is not None and size < self._taken:
            self._budget.give_back(self._taken - size)
            self._taken = size
