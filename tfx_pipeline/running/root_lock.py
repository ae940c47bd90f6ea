"""One run or update of a folder at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.errors import InputError

FILE_NAME = "running.lock"


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Keeps a run's folder to this process while the block lasts; the system lets go of it when the process ends.

    Args:
        root: The run's folder; made if absent.

    Raises:
        InputError: Another process has it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / FILE_NAME).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise InputError(
                f"{root}: process {file.read().strip() or 'unknown'} is running or updating this folder; wait until "
                "it has ended, or give another --root"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
