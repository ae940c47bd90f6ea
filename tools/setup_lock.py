"""Keeps two set-ups of one checkout from writing at the same time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.setup_process import say


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[int | None]:
    """Holds a lock on a folder itself, so that no lock file can be left behind or deleted.

    Yields the descriptor, for child processes to inherit: the lock lasts until the last of them has ended. Yields
    None on a file system without such locks (some network ones); there, one set-up at a time is up to the user.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        held = _lock(descriptor)
        yield descriptor if held else None
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("set-up: another one is at work in this folder; waiting for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True
