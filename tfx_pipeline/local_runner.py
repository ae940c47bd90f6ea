"""Runs a pipeline on this machine, node by node, with ML Metadata in SQLite."""

import datetime
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils

from components.beam_lookups import keep_beam_lookups
from tfx_pipeline.workers.failure_cause import Cause, find_cause
from tfx_pipeline.workers.machine import processor_seconds
from tfx_pipeline.workers.memory import MemorySampler
from trainer.progress import Report, listening

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OutputArtifact:
    """An output of a node: where it lies, and its custom properties."""

    uri: str
    properties: Mapping[str, str | int | float]


@dataclass(frozen=True, kw_only=True)
class NodeResult:
    """What became of one node.

    Attributes:
        node_id: Name of the node.
        seconds: Wall time, a look-up in the cache included.
        cached: Whether earlier outputs were used.
        outputs: The output artifact of each key.
        peak_bytes: Largest resident size of the processes that worked on it; None where none was looked at.
        cpu_seconds: What those processes had of all processors together; None where none was looked at.
    """

    node_id: str
    seconds: float
    cached: bool
    outputs: Mapping[str, OutputArtifact]
    peak_bytes: int | None = None
    cpu_seconds: float | None = None


class NodeFailed(RuntimeError):
    """A node failed for a reason that stands in `cause`."""

    def __init__(self, node_id: str, cause: Cause) -> None:
        super().__init__(f"node {node_id} failed: {cause.message}")
        self.node_id = node_id
        self.cause = cause


class Progress(Protocol):
    """Hears of each node as it begins, works and ends."""

    def started(self, node_id: str) -> None: ...

    def advanced(self, node_id: str, report: Report) -> None: ...

    def finished(self, result: NodeResult) -> None: ...

    def failed(self, node_id: str) -> None: ...


class CompiledNodes:
    """The nodes of a pipeline, ready to be launched one by one, from several threads too.

    Args:
        pipeline: The pipeline, with ML Metadata in SQLite.

    Attributes:
        node_ids: The nodes in topological order.
        upstream: The nodes that each node waits for.
    """

    def __init__(self, pipeline: tfx_pipeline.Pipeline) -> None:
        keep_beam_lookups()
        self._ir = compiler.Compiler().compile(pipeline)
        runtime_parameter_utils.substitute_runtime_parameter(
            self._ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: datetime.datetime.now().isoformat()}
        )
        self._nodes = {each.pipeline_node.node_info.id: each.pipeline_node for each in self._ir.nodes}
        self._deployment = runner_utils.extract_local_deployment_config(self._ir)
        connection = self._deployment.metadata_connection_config
        config = getattr(connection, connection.WhichOneof("connection_config"))
        self._metadata = partial(_OneAtATime, config, threading.RLock())
        self.node_ids = list(self._nodes)
        self.upstream = {node_id: set(node.upstream_nodes) for node_id, node in self._nodes.items()}

    def launch(
        self, node_id: str, operators: Mapping[Any, Any] | None = None
    ) -> tuple[bool, dict[str, OutputArtifact]]:
        """Runs a node, or takes what it put out before.

        Args:
            node_id: The node.
            operators: What runs an executor, by the type of its specification, in place of TFX's own.

        Returns:
            Whether it came from the cache, and the output artifact of each key.
        """
        execution = launcher.Launcher(
            pipeline_node=self._nodes[node_id],
            mlmd_connection=self._metadata(),
            pipeline_info=self._ir.pipeline_info,
            pipeline_runtime_spec=self._ir.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(self._deployment, node_id),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._deployment, node_id),
            custom_executor_operators=dict(operators or {}),
        ).launch()
        with self._metadata() as handle:
            return _published(handle.store, execution.execution_id)


def run_locally(
    pipeline: tfx_pipeline.Pipeline, progress: Progress, memory: MemorySampler | None = None
) -> dict[str, NodeResult]:
    """Runs every node in topological order, in this process.

    TFX's own LocalDagRunner does the same but tells nobody which node runs, how long it took or whether it was
    cached, which is what a person at a terminal wants to know.

    Args:
        pipeline: What to run.
        progress: Hears of each node.
        memory: Measures what each node takes.

    Returns:
        The result of each node, by node id, in the order in which they ran.

    Raises:
        NodeFailed: A node raised; nodes before it are done and will be taken from the cache next time.
    """
    nodes = CompiledNodes(pipeline)
    memory = memory or MemorySampler()
    results: dict[str, NodeResult] = {}
    for node_id in nodes.node_ids:
        progress.started(node_id)
        start, worked = time.monotonic(), processor_seconds()
        try:
            with memory.watching(node_id, os.getpid()), listening(partial(progress.advanced, node_id)):
                cached, outputs = nodes.launch(node_id)
        except Exception as error:
            _LOG.exception("%s failed.", node_id)
            progress.failed(node_id)
            raise NodeFailed(node_id, find_cause(error)) from error
        peak_bytes = memory.peak_of(node_id)
        results[node_id] = NodeResult(
            node_id=node_id,
            seconds=time.monotonic() - start,
            cached=cached,
            outputs=outputs,
            peak_bytes=None if cached else peak_bytes,
            cpu_seconds=None if cached else processor_seconds() - worked,
        )
        progress.finished(results[node_id])
    return results


class _OneAtATime(metadata.Metadata):
    """ML Metadata for several threads: while one of them uses it, the others wait, since SQLite has one writer."""

    def __init__(self, config: Any, lock: threading.RLock) -> None:
        super().__init__(config)
        self._lock = lock

    def __enter__(self) -> metadata.Metadata:
        self._lock.acquire()
        try:
            return super().__enter__()
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *error: Any) -> None:
        try:
            super().__exit__(*error)
        finally:
            self._lock.release()


def _published(store: Any, execution_id: int) -> tuple[bool, dict[str, OutputArtifact]]:
    """Looks up in ML Metadata what an execution put out, and whether that came from the cache."""
    (execution,) = store.get_executions_by_id([execution_id])
    keys = {
        event.artifact_id: event.path.steps[0].key
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type in (metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.DECLARED_OUTPUT)
    }
    outputs = {
        keys[artifact.id]: OutputArtifact(
            uri=artifact.uri,
            properties={
                name: getattr(value, value.WhichOneof("value")) for name, value in artifact.custom_properties.items()
            },
        )
        for artifact in store.get_artifacts_by_id(list(keys))
    }
    return execution.last_known_state == metadata_store_pb2.Execution.CACHED, outputs
