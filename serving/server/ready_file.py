"""The file that says that a server answers, and where."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServerAddresses:
    """Where a server listens, each HOST:PORT; `rest` is None where that is off."""

    grpc: str
    rest: str | None = None


@contextlib.contextmanager
def ready_file(path: Path | None) -> Iterator[Callable[[ServerAddresses], None]]:
    """Gives what writes the addresses, one a line, to a file that is there only while the block lasts.

    One that a killed server has left is gone before the block begins, so that nobody reads the addresses of closed
    ports.

    Args:
        path: The file; None writes nothing.
    """

    def write(addresses: ServerAddresses) -> None:
        if path is not None:
            # Renamed into place, so that a reader never sees half an address.
            partial = path.with_name(path.name + ".partial")
            partial.write_text("\n".join(filter(None, (addresses.grpc, addresses.rest))), encoding="utf-8")
            os.replace(partial, path)

    remove_ready_file(path)
    try:
        yield write
    finally:
        remove_ready_file(path)


def remove_ready_file(path: Path | None) -> None:
    """Removes the file, if there is one."""
    if path is not None:
        path.unlink(missing_ok=True)
