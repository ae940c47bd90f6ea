"""`shelfwise run`: from a configuration to pushed models, summary.json and report.html."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from tfx.orchestration.pipeline import Pipeline

from components.errors import InputError
from components.pushing.served_versions import latest_version
from tfx_pipeline.config.config import Config
from tfx_pipeline.local_runner import NodeFailed, NodeResult, run_locally
from tfx_pipeline.pipeline import create_pipeline, fingerprint
from tfx_pipeline.report.page import write_report
from tfx_pipeline.running.private_folders import private_folders
from tfx_pipeline.running.progress import TerminalProgress
from tfx_pipeline.running.run_state import earlier_outputs, record_state
from tfx_pipeline.running.side_by_side import run_side_by_side
from tfx_pipeline.running.stock_server import write_models_file
from tfx_pipeline.running.summary_builder import build_summary
from tfx_pipeline.running.tensorboard_logs import publish_logs
from tfx_pipeline.shop.digests import digest_sources
from tfx_pipeline.shop.forgotten_list import ForgottenList
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.drift_history import append_drift
from tfx_pipeline.summary.file import read_summary, write_summary
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.summary.outcome_drift import with_outcome_drift
from tfx_pipeline.summary.state import read_state, state_of_run
from tfx_pipeline.workers.costs import FILE_NAME, NodeCosts
from tfx_pipeline.workers.machine import memory_budget_bytes
from tfx_pipeline.workers.memory import MemorySampler
from tfx_pipeline.workers.pool import WorkerPool
from trainer.exporting import COUNTS_OF, read_model_card


class RunFailed(RuntimeError):
    """A node failed for a reason that is not the user's input; the message says which and why."""


def run(
    config: Config, root: Path, terminal: TextIO, pool: WorkerPool | None = None, *, update: bool = False
) -> RunSummary:
    """Runs the configured tasks under `root` and writes summary.json, state.json and report.html there.

    Args:
        config: What to run.
        root: Folder of artifacts, metadata, logs, served models and the summary; made if absent.
        terminal: Where each node's line goes.
        pool: Runs nodes side by side; without it each runs in this process, one after another.
        update: Whether to start from what the last run has left, and not from nothing.

    Returns:
        The summary.

    Raises:
        InputError: The tables are not what they should be.
        RunFailed: Anything else stopped a node.
    """
    root = root.resolve()
    with private_folders(root):
        return _run(config, root, terminal, pool, update)


def _run(config: Config, root: Path, terminal: TextIO, pool: WorkerPool | None, update: bool) -> RunSummary:
    start = time.monotonic()
    digests = {name: digest_sources(name, sources) for name, sources in config.tables.given().items()}
    inputs = PipelineInputs(
        table_digests=digests,
        earlier=earlier_outputs(config, digests, state_of_run(root) if update else read_state(root), update=update),
        serving_root=str(root / "serving"),
        user_id_key="" if config.plain_user_ids else user_id_key(root),
        forgotten=ForgottenList.under(root).reference(),
    )
    origins = find_origins(config, inputs, root)
    inputs = dataclasses.replace(
        inputs, last_blessed={task: origin["compared_with"] for task, origin in origins.items()}
    )
    pipeline = create_pipeline(config, inputs, str(root), str(root / "metadata.sqlite"))
    with MemorySampler() as memory:
        results = _results(config, pipeline, root, TerminalProgress(terminal, len(pipeline.components)), pool, memory)
        summary = build_summary(config, results, root, time.monotonic() - start, origins, memory.peak_bytes)
    summary = with_outcome_drift(read_summary(root), summary, config.drift)
    write_summary(root, summary)
    append_drift(root, summary)
    record_state(root, config, inputs, results, summary)
    if any(task.pushed for task in summary.tasks.values()):
        write_models_file(root / "serving")
    for task, _ in config.tasks.with_options():
        task.publish(root, summary.tasks[task.name], results, config)
    write_report(root, summary)
    for task, _ in config.tasks.with_options():
        for name, node_id in task.trainings().items():
            if node_id in results:
                publish_logs(root, name, Path(results[node_id].outputs["model_run"].uri))
    return summary


def _results(
    config: Config,
    pipeline: Pipeline,
    root: Path,
    progress: TerminalProgress,
    pool: WorkerPool | None,
    memory: MemorySampler,
) -> Mapping[str, NodeResult]:
    try:
        if pool is None:
            return run_locally(pipeline, progress, memory)
        return run_side_by_side(
            pipeline,
            progress,
            pool,
            memory=memory,
            costs=NodeCosts(root / FILE_NAME),
            budget_bytes=memory_budget_bytes(config.local),
        )
    except NodeFailed as error:
        raise _explain(error) from error
    finally:
        progress.stopped()


def find_origins(config: Config, inputs: PipelineInputs, root: Path) -> dict[str, dict[str, str]]:
    """Finds what each task's model is to be compared with.

    A run with the same fingerprint as the last one is compared with what that one was compared with, so that
    running twice changes nothing; any other run is compared with the model that was pushed last.

    Args:
        config: The run's configuration.
        inputs: What was looked up so far.
        root: The run's folder.

    Returns:
        By task, the `fingerprint` of the run, and the folder `compared_with`, empty where no model was pushed yet.
    """
    mark = fingerprint(create_pipeline(config, inputs, str(root)))
    last = read_summary(root)
    origins = {}
    for task in config.tasks.requested():
        before = None if last is None else last.tasks.get(task)
        same = before is not None and before.fingerprint == mark
        compared_with = before.compared_with if before and same else _last_judged(f"{inputs.serving_root}/{task}")
        origins[task] = {"fingerprint": mark, "compared_with": compared_with}
    return origins


def _last_judged(folder: str) -> str:
    """Returns the newest version of a model; of one whose counts were renewed, the version that it was judged as.

    Renewed counts know of the test period what a model that is to be judged must not know.
    """
    latest = latest_version(folder)
    counts_of = read_model_card(latest).get(COUNTS_OF) if latest else None
    if counts_of is None:
        return latest
    judged = f"{folder}/{counts_of}"
    return judged if Path(judged).is_dir() else ""


def _explain(error: NodeFailed) -> Exception:
    if error.cause.kind == "input":
        return InputError(error.cause.message)
    return RunFailed(f"{error.node_id} failed: {error.cause.message}")
