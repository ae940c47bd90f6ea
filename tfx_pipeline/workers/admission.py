"""Which of the nodes that are ready begins next."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tfx_pipeline.workers.costs import NodeCosts


class NotBegun(RuntimeError):
    """A node was not begun any more, since the run ends."""


class Admission:
    """Lets nodes begin one by one: the one with the longest way before it first, while workers and memory last.

    Args:
        workers: Nodes that may run at once.
        budget_bytes: Memory that they may be expected to take together; a node that finds no other beside it always
            begins.
        costs: What each is expected to take.
        ways: Seconds from the begin of each node to the end of the run, by node.
    """

    def __init__(self, *, workers: int, budget_bytes: int, costs: NodeCosts, ways: Mapping[str, float]) -> None:
        self._workers, self._budget, self._ways = workers, budget_bytes, ways
        self._costs = costs
        self._waiting: set[str] = set()
        self._running: dict[str, int] = {}
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def begun(self, node_id: str) -> Iterator[None]:
        """Waits until the node may begin, and makes room again at the block's end.

        Raises:
            NotBegun: `close` was called first.
        """
        with self._changed:
            self._waiting.add(node_id)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._next() == node_id)
            self._waiting.remove(node_id)
            if self._closed:
                raise NotBegun(f"{node_id} was not begun")
            self._running[node_id] = self._bytes(node_id)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                del self._running[node_id]
                self._changed.notify_all()

    @property
    def waiting(self) -> frozenset[str]:
        """The nodes that wait for their turn."""
        with self._changed:
            return frozenset(self._waiting)

    def close(self) -> None:
        """Lets nothing begin any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> str | None:
        if len(self._running) >= self._workers:
            return None
        left = self._budget - sum(self._running.values())
        fitting = [node for node in self._waiting if not self._running or self._bytes(node) <= left]
        # Names settle what is equal.
        return max(fitting, key=lambda node: (self._ways[node], node), default=None)

    def _bytes(self, node_id: str) -> int:
        return self._costs.expected(node_id).peak_bytes
