"""How much memory processes take, read now and then while they run."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

_SECONDS_BETWEEN = 1.0
# Reading what processes share walks through all their pages: it takes at most this share of the time.
_SHARE_OF_TIME = 0.03


class MemorySampler:
    """Reads once a second how much memory this process and all that it started take; use it by `with`.

    A peak between two readings is missed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[str, tuple[int, int]] = {}
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample_on, name="memory-sampler", daemon=True)

    def __enter__(self) -> "MemorySampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def peak_bytes(self) -> int:
        """Largest memory of all processes together; pages that several share count once."""
        self._peak = max(self._peak, _proportional_bytes(_tree(os.getpid())))
        return self._peak

    @contextmanager
    def watching(self, name: str, process_id: int) -> Iterator[None]:
        """Keeps the peak of a process and of those that it started, while the block lasts, for `peak_of`."""
        with self._lock:
            self._watched[name] = process_id, 0
        self._read(name)
        try:
            yield
        finally:
            self._read(name)

    def peak_of(self, name: str) -> int:
        """Ends the watch, and returns the largest resident size: what all its processes held, added up."""
        with self._lock:
            return self._watched.pop(name, (0, 0))[1]

    def _sample_on(self) -> None:
        pause = _SECONDS_BETWEEN
        while not self._stop.wait(pause):
            start = time.monotonic()
            with self._lock:
                names = list(self._watched)
            for name in names:
                self._read(name)
            self._peak = max(self._peak, _proportional_bytes(_tree(os.getpid())))
            pause = max(_SECONDS_BETWEEN, (time.monotonic() - start) / _SHARE_OF_TIME)

    def _read(self, name: str) -> None:
        with self._lock:
            found = self._watched.get(name)
        if found is None:
            return
        process_id, peak = found
        now = sum(_resident_bytes(process) for process in _tree(process_id))
        with self._lock:
            if name in self._watched:
                self._watched[name] = process_id, max(peak, now, self._watched[name][1])


def _tree(process_id: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(process_id)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []  # It has ended.


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional_bytes(processes: list[psutil.Process]) -> int:
    return sum(map(_share_of, processes))


def _share_of(process: psutil.Process) -> int:
    """Returns the process's own pages, and its share of those that it has together with others."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return _resident_bytes(process)
    except psutil.Error:
        return 0
