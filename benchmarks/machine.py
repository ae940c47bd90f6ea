"""What a benchmark ran on, which it prints before anything else."""

import os
import platform
from collections.abc import Iterable

from trainer.artifacts.model_versions import package_versions


def print_machine(*packages: str, threads: int | None = None, versions: Iterable[str] = ()) -> None:
    """Prints the processor, its cores and the versions of what matters.

    Args:
        packages: Names of installed packages.
        threads: How many threads compute; left out where that is up to TensorFlow.
        versions: Name and version of what runs under another interpreter, as in `torch 2.8.0`.
    """
    parts = [platform.processor() or platform.machine(), f"{os.cpu_count()} cores"]
    parts += [f"{threads} threads"] if threads is not None else []
    installed = (f"{name} {version}" for name, version in package_versions(packages).items())
    print(", ".join([*parts, f"Python {platform.python_version()}", *installed, *versions]), flush=True)
