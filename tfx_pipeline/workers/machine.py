"""What this process may use of its machine."""

import os
import resource
from pathlib import Path

import psutil

from tfx_pipeline.workers.options import LocalOptions

# Hardly more than four nodes can run at once, and each takes several processors where it can.
_MOST_WORKERS = 4
_SHARE_OF_FREE = 0.8
_GIBIBYTE = 2**30

# Folder, limit and use of a container's memory, and what of the use is files that may be dropped, of the second and the
# first version of control groups.
_GROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def processors() -> int:
    """Returns how many processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_seconds() -> float:
    """Returns what this process and those that it started, and that have ended, have had of the processors so far."""
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def worker_count(options: LocalOptions) -> int:
    """Returns how many nodes run side by side."""
    return min(processors(), _MOST_WORKERS) if options.workers == "auto" else options.workers


def memory_budget_bytes(options: LocalOptions) -> int:
    """Returns how much memory nodes side by side may be expected to take."""
    if options.memory_gib != "auto":
        return int(options.memory_gib * _GIBIBYTE)
    return int(_free_bytes() * _SHARE_OF_FREE)


def left_in_container(folder: Path, limit: str, used: str, dropped: str) -> int | None:
    """Returns what a container's limit leaves of the memory; None where there is none.

    Args:
        folder: Of the control group.
        limit: Name of the file with the limit.
        used: Name of the file with what is used.
        dropped: What `memory.stat` calls the part of it that is dropped where memory is needed.
    """
    try:
        statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        in_use = int((folder / used).read_text()) - int(statistics.get(dropped, 0))
        return max(0, int((folder / limit).read_text()) - in_use)
    except (OSError, ValueError):
        return None  # There is no such file, or the limit is `max`.


def _free_bytes() -> int:
    """Returns the machine's free memory, or what a container's limit leaves where that is less."""
    left = [left_in_container(Path(folder), *names) for folder, *names in _GROUPS]
    return min([int(psutil.virtual_memory().available), *(each for each in left if each is not None)])
