"""The embedded server beside other work: on a thread of this process, or as a process of its own."""

import logging
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from serving.server.main import Models, serve
from serving.server.ready_file import ServerAddresses
from serving.server.server_process import ServerProcess, ServerStartError
from serving.server.settings import ServerSettings

_LOG = logging.getLogger(__name__)

__all__ = ["ServerProcess", "ServerStartError", "server_process", "server_thread"]


@contextmanager
def server_thread(
    models: Models, settings: ServerSettings | None = None, announce: Callable[[str], None] = _LOG.info
) -> Iterator[ServerAddresses]:
    """Serves on a thread of this process, ready seconds sooner than a process of its own, until the block ends.

    Args:
        models: What `serve` takes.
        settings: How they are served; None takes a free gRPC port and opens no other.
        announce: Is told in a line what the server does.

    Yields:
        Where it listens.

    Raises:
        ServerStartError: It ended before it was ready; the cause is what ended it.
    """
    ready: queue.SimpleQueue[ServerAddresses | None] = queue.SimpleQueue()
    stop = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        served = threads.submit(
            serve, models, settings or ServerSettings(port=0), announce=announce, on_ready=ready.put, stop=stop
        )
        served.add_done_callback(lambda _: ready.put(None))
        try:
            addresses = ready.get()
            if addresses is None:
                raise ServerStartError("The server ended before it was ready.") from served.exception()
            yield addresses
        finally:
            stop.set()
    # What went wrong while it stopped is not lost.
    served.result()


@contextmanager
def server_process(*options: str) -> Iterator[ServerAddresses]:
    """Serves in a process of its own until the block ends; see `ServerProcess`."""
    with tempfile.TemporaryDirectory() as scratch, ServerProcess(*options, scratch=Path(scratch)) as addresses:
        yield addresses
