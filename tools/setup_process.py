"""Runs the programs that the set-up calls: output to a log, a sign of life, one sentence when one fails."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.setup_errors import SetupError, explain_failure

SIGN_OF_LIFE_SECONDS = 30.0


def say(text: str) -> None:
    """Writes one line to the terminal at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Runner:
    """Runs commands one after another and appends what they write to a log file.

    Args:
        log: the file to append to; its folder must exist.
        environment_variables: what the commands see as their environment.
        inherited_descriptor: an open file that every command inherits. With the lock's descriptor the lock
            stays held until the last command has ended, even if the set-up itself is killed.
    """

    def __init__(self, log: Path, environment_variables: Mapping[str, str], inherited_descriptor: int | None) -> None:
        self._log = log
        self.environment_variables = dict(environment_variables)
        self._inherited = () if inherited_descriptor is None else (inherited_descriptor,)

    def run(
        self,
        command: Sequence[str | Path],
        doing: str,
        *,
        folder: Path | None = None,
        may_fail: bool = False,
        said_before: str = "",
    ) -> str:
        """Runs one command to its end and returns what it wrote.

        Args:
            command: the program and its arguments.
            doing: what this does, as in "installing the packages", for the error's sentence.
            folder: where to run it; the current folder by default.
            may_fail: a failure is left to the caller to find out from the result.
            said_before: what an earlier command wrote that may hold the cause of a failure of this one.

        Raises:
            SetupError: the command failed or could not be started, and `may_fail` is false.
        """
        output = ""
        with self._log.open("a+", encoding="utf-8", errors="replace") as log:
            log.write(f"\n$ {' '.join(str(part) for part in command)}\n")
            log.flush()
            start = log.tell()
            try:
                return_code = self._wait(command, doing, folder, log.fileno())
            except FileNotFoundError as error:
                if may_fail:
                    return output
                raise SetupError(f"{doing} failed: `{command[0]}` is not there; call make again.") from error
            log.seek(start)
            output = log.read()
        if return_code != 0 and not may_fail:
            raise SetupError(explain_failure(doing, said_before + output, os.path.relpath(self._log)))
        return output

    def _wait(self, command: Sequence[str | Path], doing: str, folder: Path | None, output: int) -> int:
        started = time.monotonic()
        with subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=self.environment_variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=self._inherited,
        ) as process:
            try:
                while True:
                    try:
                        return process.wait(SIGN_OF_LIFE_SECONDS)
                    except subprocess.TimeoutExpired:
                        say(f"      still {doing}, {time.monotonic() - started:.0f} s")
            except BaseException:
                process.terminate()
                raise
