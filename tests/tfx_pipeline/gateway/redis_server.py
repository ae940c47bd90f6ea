"""A real Redis for tests."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = shutil.which("redis-server")
REASON = "there is no redis-server on this machine"


@contextmanager
def redis_server(folder: Path, *settings: str, port: int = 0) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Runs a Redis whose writes outlive a crash, until the block ends; yields its URL and its process.

    Args:
        folder: Where it keeps its data.
        settings: More of its settings, such as `--maxmemory`, `5mb`.
        port: Its port; 0 takes a free one.
    """
    assert PROGRAM is not None
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [PROGRAM, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    command += ["--appendonly", "yes", "--appendfsync", "always", *settings]
    with (folder / "redis.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until_open(port)
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.kill()
        process.wait()


def wait_until_open(port: int, seconds: float = 20.0) -> None:
    """Waits until something listens on a port of this machine."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
