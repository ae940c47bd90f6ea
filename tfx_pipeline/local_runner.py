"""Runs a pipeline on this machine, node by node, with ML Metadata in SQLite."""

import datetime
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils

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
    """

    node_id: str
    seconds: float
    cached: bool
    outputs: Mapping[str, OutputArtifact]


class NodeFailed(RuntimeError):
    """A node raised; what it raised is the `__cause__`."""

    def __init__(self, node_id: str) -> None:
        super().__init__(f"node {node_id} failed")
        self.node_id = node_id


class Progress(Protocol):
    """Hears of each node as it begins and ends."""

    def started(self, node_id: str) -> None: ...

    def finished(self, result: NodeResult) -> None: ...


def run_locally(pipeline: tfx_pipeline.Pipeline, progress: Progress) -> dict[str, NodeResult]:
    """Runs every node in topological order, in this process.

    TFX's own LocalDagRunner does the same but tells nobody which node runs, how long it took or whether it was
    cached, which is what a person at a terminal wants to know.

    Returns:
        The result of each node, by node id, in the order in which they ran.

    Raises:
        NodeFailed: A node raised; nodes before it are done and will be taken from the cache next time.
    """
    ir = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: datetime.datetime.now().isoformat()}
    )
    deployment = runner_utils.extract_local_deployment_config(ir)
    connection = deployment.metadata_connection_config
    connection_config = getattr(connection, connection.WhichOneof("connection_config"))
    results: dict[str, NodeResult] = {}
    for node in (each.pipeline_node for each in ir.nodes):
        node_id = node.node_info.id
        progress.started(node_id)
        start = time.monotonic()
        try:
            execution = launcher.Launcher(
                pipeline_node=node,
                mlmd_connection=metadata.Metadata(connection_config),
                pipeline_info=ir.pipeline_info,
                pipeline_runtime_spec=ir.runtime_spec,
                executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
                custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
            ).launch()
        except Exception as error:
            _LOG.exception("%s failed.", node_id)
            raise NodeFailed(node_id) from error
        cached, outputs = _published(connection_config, execution.execution_id)
        results[node_id] = NodeResult(node_id=node_id, seconds=time.monotonic() - start, cached=cached, outputs=outputs)
        progress.finished(results[node_id])
    return results


def _published(connection_config: Any, execution_id: int) -> tuple[bool, dict[str, OutputArtifact]]:
    """Looks up in ML Metadata what an execution put out, and whether that came from the cache."""
    with metadata.Metadata(connection_config) as handle:
        store = handle.store
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
                    name: getattr(value, value.WhichOneof("value"))
                    for name, value in artifact.custom_properties.items()
                },
            )
            for artifact in store.get_artifacts_by_id(list(keys))
        }
    return execution.last_known_state == metadata_store_pb2.Execution.CACHED, outputs
