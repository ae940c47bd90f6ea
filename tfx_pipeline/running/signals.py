"""A polite end of a command, by SIGTERM, is the end that Ctrl-C makes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Lets SIGTERM raise KeyboardInterrupt while the block lasts: what runs beside this process is then stopped too."""

    def interrupt(_signal_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
