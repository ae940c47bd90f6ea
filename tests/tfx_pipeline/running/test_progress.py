"""What the terminal and the log show of running nodes."""

import io
import re
import threading
import time

from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.running.progress import TerminalProgress
from trainer.progress import Report


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def finished(node_id: str, *, cached: bool = False) -> NodeResult:
    return NodeResult(node_id=node_id, seconds=1.25, cached=cached, outputs={})


def wait_for(stream: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + 10
    while not re.search(text, stream.getvalue()):
        assert time.monotonic() < deadline, stream.getvalue()
        threading.Event().wait(0.01)


def test_in_a_file_a_line_stands_for_each_node_that_is_done_and_none_else() -> None:
    stream = io.StringIO()
    progress = TerminalProgress(stream, 3)
    progress.started("Slow")
    progress.started("Quick")
    progress.advanced("Slow", Report(done=1, total=2, unit="rows"))
    progress.finished(finished("Quick"))
    # Nobody says of a node from the cache that it begins.
    progress.finished(finished("Kept", cached=True))
    progress.failed("Slow")
    progress.stopped()
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ["1/3", "Quick", "1.2", "s"],
        ["2/3", "Kept", "1.2", "s", "cached"],
        ["Slow", "failed"],
    ]


def test_in_a_file_a_long_node_says_now_and_then_how_far_it_is() -> None:
    stream = io.StringIO()
    progress = TerminalProgress(stream, 2, seconds_between_lines=0.05)
    progress.started("Silent")
    wait_for(stream, r" Silent: running for 0:00:0\d\n")
    progress.started("Trainer")
    progress.advanced("Trainer", Report(done=100, total=4000, unit="steps", note="epoch 1 of 2, loss 0.5000"))
    threading.Event().wait(0.02)
    progress.advanced("Trainer", Report(done=1200, total=4000, unit="steps", note="epoch 1 of 2, loss 0.4000"))
    wait_for(
        stream,
        r" Trainer: 1,200 of 4,000 steps, epoch 1 of 2, loss 0.4000, 0:00:0\d left, running for 0:00:0\d\n",
    )
    progress.failed("Trainer")
    progress.stopped()
    assert "Trainer failed; waiting for Silent, which ran beside it" in stream.getvalue()


def test_a_terminal_has_a_bar_for_each_running_node() -> None:
    stream = Terminal()
    progress = TerminalProgress(stream, 2)
    progress.started("Trainer")
    progress.started("Examples")
    progress.advanced("Trainer", Report(done=10, total=40, unit="steps", note="loss 0.5000"))
    progress.advanced("Examples", Report(done=1234567, total=None, unit="rows"))
    wait_for(stream, r"(?s)Trainer.*10 of 40 steps, loss 0\.5000.*Examples.*1,234,567 rows")
    progress.finished(finished("Examples"))
    progress.stopped()
    assert re.search(r"1/2 +Examples +1\.2 s", stream.getvalue())
