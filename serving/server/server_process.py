"""The embedded server as a process of its own; whoever starts it need not load TensorFlow."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import serving
from serving.server.ready_file import ServerAddresses

_START_SECONDS = 300.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_LOG_TAIL_CHARACTERS = 2000
_NOT_STARTED = "The server was not started; use it by `with`, or call `start`."


class ServerStartError(RuntimeError):
    """The server did not come up; the message holds the end of its log, if it has one."""


class ServerProcess:
    """The embedded server as a process: started by `with`, which gives its addresses, and stopped whatever happens.

    Args:
        options: Options of `python -m serving.server`: what is served, and how. The gRPC port is a free one unless they
            say another.
        scratch: Folder for its log and for the file that says where it listens.
        start_timeout_seconds: Time that it has to load the models.
    """

    def __init__(self, *options: str, scratch: Path, start_timeout_seconds: float = _START_SECONDS) -> None:
        self._options = options
        self._scratch = scratch
        self._start_timeout_seconds = start_timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._addresses: ServerAddresses | None = None

    def __enter__(self) -> ServerAddresses:
        """Starts it, and returns where it listens."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stops it."""
        self.stop()

    @property
    def addresses(self) -> ServerAddresses:
        """Where it listens, or did before it was stopped.

        Raises:
            RuntimeError: It was never started.
        """
        if self._addresses is None:
            raise RuntimeError(_NOT_STARTED)
        return self._addresses

    @property
    def pid(self) -> int:
        """Number of the process, the latest one where it was started more than once.

        Raises:
            RuntimeError: It was never started.
        """
        if self._process is None:
            raise RuntimeError(_NOT_STARTED)
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written since it was first started."""
        return (self._scratch / "server.log").read_text(encoding="utf-8", errors="replace")

    def begin(self) -> None:
        """Starts it, unless it runs, and does not wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        self._ready_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "serving.server", "--port", "0", *self._options, *self._same_ports()]
        # It finds this project's packages where this process does, installed or not.
        packages = str(Path(serving.__file__).resolve().parents[1])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([packages, os.environ.get("PYTHONPATH", "")])}
        with (self._scratch / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--ready-file", str(self._ready_file)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment,
            )

    def start(self) -> ServerAddresses:
        """Starts it, unless it runs, waits until it answers, and returns where; it keeps its ports when started again.

        Raises:
            ServerStartError: It ended, or was not ready in time.
        """
        self.begin()
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        self._addresses = ServerAddresses(*self._ready_file.read_text(encoding="utf-8").split())
        return self._addresses

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stops it by a signal, and kills it where that does not; stopped already, it stays so.

        Args:
            how: The signal.

        Returns:
            Its exit code.
        """
        if self._process is None:
            return 0
        self._process.send_signal(how)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _same_ports(self) -> Iterator[str]:
        if self._addresses is not None:
            for option, address in (("--port", self._addresses.grpc), ("--rest-api-port", self._addresses.rest)):
                if address is not None:
                    yield from (option, address.rpartition(":")[2])

    @property
    def _ready_file(self) -> Path:
        return self._scratch / "ready"

    def _wait(self) -> None:
        deadline = time.monotonic() + self._start_timeout_seconds
        while not self._ready_file.exists():
            tail = self.log[-_LOG_TAIL_CHARACTERS:]
            if self._process is None:
                raise RuntimeError(_NOT_STARTED)
            if self._process.poll() is not None:
                raise ServerStartError(f"The server ended with code {self._process.returncode}:\n{tail}")
            if time.monotonic() > deadline:
                raise ServerStartError(f"The server was not ready after {self._start_timeout_seconds:g} s:\n{tail}")
            time.sleep(_POLL_SECONDS)
