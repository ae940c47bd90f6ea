"""A peer that runs under another interpreter, asked by lines on its standard input and answering in JSON."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any


class PeerProcess:
    """The peer in a process of its own; it sleeps while we run.

    Args:
        python: A Python interpreter with torch and NumPy.
        script: What it runs.
        data_file: The arrays that the script reads.
        settings: What else it is to know.
    """

    def __init__(self, python: str, script: Path, data_file: Path, settings: dict[str, Any]) -> None:
        command = [python, str(script), str(data_file), json.dumps(settings)]
        # On a machine that is not idle, threads that spin while they wait for each other cost PyTorch most of its time.
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.version: str = self._answer()["version"]

    def run(self, steps: int) -> tuple[float, float]:
        """Returns the seconds that so many steps took, and their mean loss."""
        answer = self.ask(f"run {steps}")
        return answer["seconds"], answer["loss"]

    def ask(self, line: str) -> dict[str, Any]:
        """Returns the answer to a line."""
        assert self._process.stdin is not None  # noqa: S101  It is a pipe.
        print(line, file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  It is a pipe.
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The process of the peer ended; what it said stands above.")
        return json.loads(line)


def has_module(python: str, name: str) -> bool:
    """Tells whether an interpreter can import a module."""
    return subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def has_torch(python: str) -> bool:
    """Tells whether an interpreter has torch."""
    return has_module(python, "torch")
