"""What this process may use of its machine."""

import os
from pathlib import Path

import psutil

from tfx_pipeline.workers.options import LocalOptions

# Hardly more than four nodes can run at once, and each takes several processors where it can.
_MOST_WORKERS = 4
_SHARE_OF_FREE = 0.8
_GIBIBYTE = 2**30

# Limit and use of a container, of the second and the first version of control groups.
_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def processors() -> int:
    """Returns how many processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count(options: LocalOptions) -> int:
    """Returns how many nodes run side by side."""
    return min(processors(), _MOST_WORKERS) if options.workers == "auto" else options.workers


def memory_budget_bytes(options: LocalOptions) -> int:
    """Returns how much memory nodes side by side may be expected to take."""
    if options.memory_gib != "auto":
        return int(options.memory_gib * _GIBIBYTE)
    return int(_free_bytes() * _SHARE_OF_FREE)


def _free_bytes() -> int:
    """Returns the machine's free memory, or what a container's limit leaves where that is less."""
    free = [int(psutil.virtual_memory().available)]
    for limit, used in _LIMITS:
        try:
            free.append(max(0, int(Path(limit).read_text()) - int(Path(used).read_text())))
        except (OSError, ValueError):
            continue  # There is no such file, or it says `max`.
    return min(free)
