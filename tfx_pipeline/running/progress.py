"""What the terminal shows of the nodes of a run: a bar for each that works, and a line for each that is done."""

import threading
import time
from datetime import timedelta
from typing import TextIO

from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeRemainingColumn

from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.terminal.console import plain_console
from trainer.progress import Report

# Where no terminal draws bars, a node that works says so this often.
_SECONDS_BETWEEN_LINES = 60.0
_SECONDS_BETWEEN_LOOKS = 1.0


class TerminalProgress:
    """Shows how far running nodes are, and prints a line for each node that is done.

    On a terminal each running node has a bar; anywhere else, such as in a file, it says in a line a minute how far it
    is.
    """

    def __init__(self, stream: TextIO, nodes: int, *, seconds_between_lines: float = _SECONDS_BETWEEN_LINES) -> None:
        """Prints to `stream`, counting up to `nodes`."""
        self._console = plain_console(stream)
        self._nodes = nodes
        self._done = 0
        self._running: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<36}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[far]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._between = seconds_between_lines
        self._said: dict[str, float] = {}
        self._stop = threading.Event()
        self._lines = threading.Thread(target=self._say_now_and_then, name="progress-lines", daemon=True)

    def started(self, node_id: str) -> None:
        """Shows which nodes run; on a stream that is no terminal nothing is printed yet."""
        self._running[node_id] = self._bars.add_task(node_id, total=None, far="", unit="")
        self._said[node_id] = time.monotonic()
        if self._console.is_terminal:
            self._bars.start()
        elif not self._lines.is_alive() and not self._stop.is_set():
            self._lines.start()

    def advanced(self, node_id: str, report: Report) -> None:
        """Shows how far a node is."""
        bar = self._running.get(node_id)
        if bar is None:
            return
        task = self._task(bar)
        if (task.fields["unit"], task.total) != (report.unit, report.total):
            # Another part of the work: how fast the last one went says nothing of it.
            self._bars.reset(bar, total=report.total, unit=report.unit, far="")
        self._bars.update(bar, completed=report.done, total=report.total, far=_how_far(report))

    def finished(self, result: NodeResult) -> None:
        """Prints the node's line."""
        self._remove(result.node_id)
        self._done += 1
        note = "  cached" if result.cached else ""
        self._console.print(f"  {self._done:>2}/{self._nodes}  {result.node_id:<36}{result.seconds:>7.1f} s{note}")

    def failed(self, node_id: str) -> None:
        """Says that a node failed, and what is waited for."""
        self._remove(node_id)
        waiting = f"; waiting for {', '.join(self._running)}, which ran beside it" if self._running else ""
        self._console.print(f"  {node_id} failed{waiting}")

    def stopped(self) -> None:
        """Takes the bars away."""
        self._stop.set()
        self._bars.stop()

    def _remove(self, node_id: str) -> None:
        bar = self._running.pop(node_id, None)
        if bar is not None:
            self._bars.remove_task(bar)
            del self._said[node_id]

    def _task(self, bar: TaskID) -> Task:
        return next(task for task in self._bars.tasks if task.id == bar)

    def _say_now_and_then(self) -> None:
        while not self._stop.wait(min(_SECONDS_BETWEEN_LOOKS, self._between)):
            now = time.monotonic()
            for node_id, bar in list(self._running.items()):
                if now - self._said.get(node_id, now) >= self._between:
                    self._said[node_id] = now
                    self._console.print(f"         {node_id}: {_line(self._task(bar))}")


def _how_far(report: Report) -> str:
    of = "" if report.total is None else f" of {report.total:,}"
    return ", ".join(part for part in (f"{report.done:,}{of} {report.unit}", report.note) if part)


def _line(task: Task) -> str:
    left = task.time_remaining
    parts = (
        task.fields["far"],
        "" if left is None else f"{_clock(left)} left",
        f"running for {_clock(task.elapsed or 0.0)}",
    )
    return ", ".join(part for part in parts if part)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
