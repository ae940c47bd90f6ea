"""What the gateway's benchmarks start: processes that can be killed and come back, and a plain client of HTTP/1.1."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parents[1]
_START_SECONDS = 300.0


class Part:
    """A process that listens on a port of this machine, and does so again after it was killed.

    Args:
        command: What is run.
        port: Where it listens.
        log: File that has what it prints.
    """

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self._command, self.port, self._log = command, port, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=PROJECT)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self._log.read_text(encoding="utf-8", errors="replace")[-2000:]) from None
                time.sleep(0.01)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it by a signal, and waits for that."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait()

    def processor_seconds(self) -> float:
        """Returns what it took of the processor so far."""
        times = psutil.Process(self._process.pid if self._process else None).cpu_times()
        return float(times.user + times.system)


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def model_server(root: Path, folder: Path) -> Part:
    """Returns the embedded server on the recommendation model of a run."""
    port = free_port()
    model = ["--model_base_path", str(root / "serving" / "recommendation"), "--model_name", "recommendation"]
    command = [sys.executable, "-m", "serving.server", "--port", str(port), *model]
    return Part(command, port, folder / "server.log")


def redis(folder: Path) -> Part:
    """Returns a Redis that loses nothing it took.

    Raises:
        RuntimeError: There is none on this machine.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("there is no redis-server on this machine")
    port = free_port()
    keeping = ["--dir", str(folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
    return Part([program, "--port", str(port), "--bind", "127.0.0.1", *keeping], port, folder / "redis.log")


def gateway(root: Path, folder: Path, models: int, redis_port: int | None, *settings: str) -> Part:
    """Returns a gateway over the models of a run, which keeps what it takes in a folder."""
    port = free_port()
    command = [sys.executable, "-m", "tfx_pipeline", "gateway", "--root", str(root), "--folder", str(folder)]
    command += ["--models", f"127.0.0.1:{models}", "--port", str(port)]
    if redis_port is not None:
        settings = (f"gateway.store=redis://127.0.0.1:{redis_port}/0", *settings)
    command += [word for setting in settings for word in ("--set", setting)]
    return Part(command, port, folder / "gateway.log")


class Http:
    """One connection that is kept open; it is made again after it broke.

    Args:
        port: Port on this machine.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, content: Any = None) -> tuple[int, dict[str, str], Any]:
        """Sends a request; returns status, headers by their name in small letters, and what the JSON holds.

        Raises:
            OSError: The connection broke, or could not be made.
        """
        body = b"" if content is None else json.dumps(content).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(head.encode() + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
            answer = await reader.readexactly(int(headers.get("content-length", 0)))
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise ConnectionError(str(error)) from error
        return int(lines[0].split()[1]), headers, json.loads(answer)

    def close(self) -> None:
        """Closes the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
