"""Starts a run with the libraries' own output in a log file, their loading included."""

import datetime
from pathlib import Path

from tfx_pipeline.config.config import Config
from tfx_pipeline.running.root_lock import only_one
from tfx_pipeline.running.signals import ended_as_by_ctrl_c
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.terminal.console import console, error_console
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.workers.machine import worker_count


def run_pipeline(config: Config, root: Path, *, update: bool = False) -> RunSummary:
    """Runs a configuration as `tfx_pipeline.running.run.run` does, and says where the log is when that fails.

    Args:
        config: What to run.
        root: Folder of everything the run makes.
        update: Whether to start from what the last run has left.

    Returns:
        The summary.

    Raises:
        InputError: The tables are not what they should be, or another process runs or updates this folder.
    """
    console.print("loading TFX …")
    log_file = root / "logs" / f"{datetime.datetime.now():%Y%m%d-%H%M%S}.log"
    with only_one(root):
        try:
            with logs_in(log_file) as terminal, ended_as_by_ctrl_c():
                from tfx_pipeline.running.run import run
                from tfx_pipeline.workers.pool import WorkerPool

                workers = worker_count(config.local)
                if workers == 1:
                    return run(config, root, terminal, update=update)
                with WorkerPool(workers) as pool:
                    return run(config, root, terminal, pool, update=update)
        except Exception:
            error_console.print(f"log: {log_file}")
            raise
