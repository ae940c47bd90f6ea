"""How many rows a batch needs not to wait for more."""

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class AwaitedRows:
    """Counts the rows of one kind that somebody waits for; safe for threads.

    Clients that ask again as soon as they are answered have as many rows on their way all the time. Divided between the
    threads, those are batches of one size that keep every thread busy.

    Args:
        threads: Batches that are computed at once.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._rows = 0
        # A batch may end while clients of another one are between two requests, so several are looked at.
        self._at_last_batches: deque[int] = deque(maxlen=threads)
        self._lock = threading.Lock()

    @contextmanager
    def counted(self, rows: int) -> Iterator[None]:
        """Counts rows as awaited for as long as it is entered."""
        with self._lock:
            self._rows += rows
        try:
            yield
        finally:
            with self._lock:
                self._rows -= rows

    def note_batch(self) -> None:
        """Remembers what is awaited; call this when a batch is computed and nobody has been told yet."""
        with self._lock:
            self._at_last_batches.append(self._rows)

    def enough(self) -> float:
        """Returns a thread's share of the rows that were awaited at the last batches; infinity before the first."""
        with self._lock:
            return -(-max(self._at_last_batches) // self._threads) if self._at_last_batches else math.inf
