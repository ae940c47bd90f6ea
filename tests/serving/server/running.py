"""Servers as tests need them: in this process, or as one of their own that may be killed."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from serving.server.main import Models, serve
from serving.server.settings import ServerAddresses, ServerSettings

PROJECT = Path(__file__).resolve().parents[3]
START_SECONDS = 120.0
# One client for all: each would read the system's certificates, which takes longer than most tests.
HTTP = httpx.Client(verify=False, timeout=30.0)


@contextmanager
def running(
    models: Models, settings: ServerSettings, lines: list[str] | None = None
) -> Iterator[tuple[ServerAddresses, threading.Event]]:
    """Serves in this process; yields the addresses, and the event that stops the server."""
    started: queue.SimpleQueue[ServerAddresses] = queue.SimpleQueue()
    stop = threading.Event()
    announce = (lambda _: None) if lines is None else lines.append
    thread = threading.Thread(
        target=serve, args=(models, settings), kwargs={"announce": announce, "on_ready": started.put, "stop": stop}
    )
    thread.start()
    try:
        yield started.get(timeout=START_SECONDS), stop
    finally:
        stop.set()
        thread.join()


class ServerProcess:
    """A server as a process, which keeps its ports when it is started again."""

    def __init__(self, models: Path, scratch: Path, *options: str) -> None:
        self._models, self._scratch, self._options = models, scratch, options
        self._ports = ("0", "0")
        self._process: subprocess.Popen[bytes] | None = None
        self.addresses = ServerAddresses("")
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return (self._scratch / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        ready = self._scratch / "ready"
        ready.unlink(missing_ok=True)
        port, rest_port = self._ports
        command = [sys.executable, "-m", "serving.server", "--models", str(self._models), "--port", port]
        command += ["--rest_api_port", rest_port, "--ready-file", str(ready), *self._options]
        with (self._scratch / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            assert self.is_running, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        self.addresses = ServerAddresses(*ready.read_text(encoding="utf-8").split())
        assert self.addresses.rest is not None
        self._ports = (self.addresses.grpc.split(":")[1], self.addresses.rest.split(":")[1])

    def kill(self) -> None:
        """Ends it at once, as `kill -9` does."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def terminate(self) -> int:
        """Asks it to stop, and returns its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(30)
