"""How much more memory this process held at once while something went on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_KILOBYTE = 1024


@contextlib.contextmanager
def highest_memory() -> Iterator[list[int]]:
    """Yields a list that has, after the block, the bytes by which its highest memory was above that at its begin."""
    more_bytes: list[int] = []
    _RESET.write_text("5")  # Forgets the highest so far (proc(5)).
    before = _highest()
    try:
        yield more_bytes
    finally:
        more_bytes.append(_highest() - before)


def _highest() -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * _KILOBYTE
