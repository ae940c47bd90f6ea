"""TFX's way to run an executor, when a worker process does it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from tfx.orchestration.portable.base_executor_operator import BaseExecutorOperator
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.executable_spec_pb2 import BeamExecutableSpec, PythonClassExecutableSpec

SPECIFICATIONS = (PythonClassExecutableSpec, BeamExecutableSpec)

# Takes a node's name, the specification of its executor and what the executor gets; returns what the executor says.
RunExecutor: TypeAlias = Callable[[str, Any, Any], Any]


class WorkerOperator(BaseExecutorOperator):
    """Hands a node's executor and its input to a function, and returns the output to TFX.

    Driver and publisher stay with TFX's launcher, in the process that has ML Metadata.

    Args:
        executor_spec: TFX's specification.
        platform_config: None.
        run: Runs the executor.
    """

    SUPPORTED_EXECUTOR_SPEC_TYPE = list(SPECIFICATIONS)
    SUPPORTED_PLATFORM_CONFIG_TYPE: list[Any] = []

    def __init__(self, executor_spec: Any, platform_config: Any = None, *, run: RunExecutor) -> None:
        super().__init__(executor_spec, platform_config)
        self._run = run

    def run_executor(self, execution_info: ExecutionInfo) -> Any:
        return self._run(execution_info.pipeline_node.node_info.id, self._executor_spec, execution_info.to_proto())
