"""`shelfwise watch`: updates at regular times, on one machine."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.terminal.console import console

_UNITS = {"s": 1, "m": 60, "h": HOUR_SECONDS, "d": DAY_SECONDS}


def seconds_between(every: str) -> int:
    """Returns the seconds that `30m`, `6h` or `1d` stand for.

    Raises:
        ConfigError: It is no such time.
    """
    found = re.fullmatch(r"(\d+)([smhd])", every.strip())
    if found is None or int(found[1]) == 0:
        raise ConfigError(f"--every {every}: expected a number with s, m, h or d after it, such as 30m, 6h or 1d")
    return int(found[1]) * _UNITS[found[2]]


def watch(root: Path, every_seconds: float, tasks: str = "", pauses: Callable[[float], None] = time.sleep) -> None:
    """Updates at once and then every so often, until it is interrupted; after one that fails the next one comes.

    Each update is a process of its own, so that what one leaves in memory does not add up.

    Args:
        root: The run's folder.
        every_seconds: From the beginning of one update to that of the next; one that takes longer is followed at once.
        tasks: Comma-separated names of the tasks; all that were pushed where empty.
        pauses: Waits so many seconds.
    """
    command = [sys.executable, "-m", "tfx_pipeline", "update", "--root", str(root)]
    command += ["--tasks", tasks] if tasks else []
    for _ in regularly(every_seconds, pauses):
        console.print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} updating {root}")
        _update(command)


def regularly(
    every_seconds: float, pauses: Callable[[float], None], now: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Yields at once and then every so often; times that are past when the caller is done are left out, but the last.

    Args:
        every_seconds: Between two times.
        pauses: Waits so many seconds.
        now: Seconds that only grow.
    """
    due = now()
    while True:
        yield
        due = max(due + every_seconds, now())
        pauses(max(due - now(), 0.0))


def _update(command: Sequence[str]) -> None:
    with subprocess.Popen(command) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # It ends what runs beside it first.
            process.terminate()
            raise
    if code:
        console.print(f"the update ended with exit code {code}; the next one comes as planned")
