"""One progress line a node on the terminal."""

from typing import TextIO

from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.terminal.console import plain_console


class TerminalProgress:
    """Shows the running node with a spinner on a terminal, and a line for each node that is done."""

    def __init__(self, stream: TextIO, nodes: int) -> None:
        """Prints to `stream`, counting up to `nodes`."""
        self._console = plain_console(stream)
        self._nodes = nodes
        self._done = 0
        self._running: list[str] = []
        self._status = self._console.status("")

    def started(self, node_id: str) -> None:
        """Shows which nodes run; on a stream that is no terminal nothing is printed yet."""
        self._running.append(node_id)
        self._show_running()

    def finished(self, result: NodeResult) -> None:
        """Prints the node's line."""
        self.stopped()
        self._running.remove(result.node_id)
        self._done += 1
        note = "  cached" if result.cached else ""
        self._console.print(f"  {self._done:>2}/{self._nodes}  {result.node_id:<36}{result.seconds:>7.1f} s{note}")
        if self._running:
            self._show_running()

    def stopped(self) -> None:
        """Takes the spinner away."""
        self._status.stop()

    def _show_running(self) -> None:
        self._status.update(f"{', '.join(self._running)} …")
        self._status.start()
