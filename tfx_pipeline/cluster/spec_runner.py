"""`shelfwise run-spec`: runs a compiled pipeline on this machine, each step as its container would run it."""

import graphlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline
from tfx_pipeline.cluster.step import Step, StepFailed, StepOutcome
from tfx_pipeline.local_runner import NodeResult, OutputArtifact, Progress

_STOP_SECONDS = 10.0


def run_spec(
    compiled: CompiledPipeline, parameters: Mapping[str, Any], root: Path, progress: Progress
) -> dict[str, NodeResult]:
    """Runs every step once what it depends on is done, as many side by side as there are processors.

    A step that is done is not run again on the same inputs, so a killed run goes on where it was.

    Args:
        compiled: The pipeline.
        parameters: A value for every parameter of the submission.
        root: Folder of artifacts, logs and records; made if absent.
        progress: Hears of each step.

    Returns:
        The result of each step by its name.

    Raises:
        StepFailed: A step failed. Those beside it were waited for, those that depend on it were not begun.
    """
    return _Run(compiled, parameters, root.resolve(), progress).all_steps()


class _Run:
    def __init__(
        self, compiled: CompiledPipeline, parameters: Mapping[str, Any], root: Path, progress: Progress
    ) -> None:
        self._steps = {task: Step(compiled, task, parameters, root) for task in compiled.tasks}
        self._progress = progress
        self._processes: list[subprocess.Popen[bytes]] = []
        self._done: dict[str, StepOutcome] = {}

    def all_steps(self) -> dict[str, NodeResult]:
        order = graphlib.TopologicalSorter({task: step.producers() for task, step in self._steps.items()})
        order.prepare()
        results: dict[str, NodeResult] = {}
        running: dict[Future[StepOutcome], tuple[str, float]] = {}
        pool = ThreadPoolExecutor(max_workers=os.cpu_count())
        try:
            while order.is_active():
                for task in order.get_ready():
                    self._progress.started(task)
                    future = pool.submit(self._steps[task].run, self._done, self._processes.append)
                    running[future] = task, time.monotonic()
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    task, start = running.pop(future)
                    self._done[task] = future.result()
                    results[task] = _result(task, time.monotonic() - start, self._done[task])
                    self._progress.finished(results[task])
                    order.done(task)
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, StepFailed):
                self._stop()
            raise
        finally:
            pool.shutdown()
        return results

    def _stop(self) -> None:
        running = [process for process in self._processes if process.poll() is None]
        for process in running:
            # As Ctrl-C does: a step then ends the server that it may have started.
            process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # What a script has started in its background ignores that signal.
                process.terminate()
                process.wait()


def _result(task: str, seconds: float, outcome: StepOutcome) -> NodeResult:
    outputs = {}
    for key, artifacts in outcome.artifacts.items():
        artifact = artifacts.artifacts[0]
        properties = json_format.MessageToDict(artifact.metadata)
        outputs[key] = OutputArtifact(uri=artifact.uri, properties=properties)
    return NodeResult(node_id=task, seconds=seconds, cached=outcome.cached, outputs=outputs)
