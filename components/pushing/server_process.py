"""The embedded server, as a process of its own or beside what runs in this one."""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import serving
from serving.server.main import serve
from serving.server.settings import ServerSettings

_POLL_SECONDS = 0.1
_STOP_SECONDS = 15.0
_LOG_TAIL_CHARACTERS = 2000


class ServerStartError(RuntimeError):
    """The server did not come up; the message holds the end of its log."""


@contextmanager
def server_thread(models: Path) -> Iterator[str]:
    """Runs the server in this process, on a free port of this machine; ready seconds sooner than a process of its own.

    Args:
        models: Folder of the models' folders.

    Yields:
        The address.

    Raises:
        ServerStartError: It ended before it was ready.
    """
    addresses: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    stop = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(
            serve,
            models,
            ServerSettings(port=0),
            on_ready=lambda ready: addresses.put(ready.grpc),
            stop=stop,
        )
        ended.add_done_callback(lambda _: addresses.put(None))
        try:
            address = addresses.get()
            if address is None:
                raise ServerStartError("The server ended before it was ready.") from ended.exception()
            yield address
        finally:
            stop.set()


@contextmanager
def server_process(models: Path, scratch: Path, start_timeout_seconds: float) -> Iterator[str]:
    """Runs the server on a free port of this machine and stops it whatever happens.

    Args:
        models: Folder of the models' folders.
        scratch: Folder for its log (`server.log`) and the file that says it is ready.
        start_timeout_seconds: Time that it has to load the models.

    Yields:
        The address.

    Raises:
        ServerStartError: It ended, or was not ready in time.
    """
    ready_file, log_file = scratch / "ready", scratch / "server.log"
    command = [sys.executable, "-m", "serving.server", "--models", str(models), "--port", "0"]
    # The server finds this project's packages where this process does, installed or not.
    packages = str(Path(serving.__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([packages, os.environ.get("PYTHONPATH", "")])}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready_file)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        try:
            deadline = time.monotonic() + start_timeout_seconds
            while not ready_file.exists():
                if process.poll() is not None:
                    raise ServerStartError(f"The server ended with code {process.returncode}:\n{_tail(log_file)}")
                if time.monotonic() > deadline:
                    raise ServerStartError(
                        f"The server was not ready after {start_timeout_seconds:g} s:\n{_tail(log_file)}"
                    )
                time.sleep(_POLL_SECONDS)
            yield ready_file.read_text(encoding="utf-8")
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _tail(log_file: Path) -> str:
    return log_file.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARACTERS:]
