"""Execution properties of nodes: how they are declared, and values that are known only at a submission."""

from tfx.orchestration.data_types import RuntimeParameter
from tfx.types.component_spec import ExecutionParameter

Parameter = str | RuntimeParameter
IntParameter = int | RuntimeParameter


def execution_parameters(**kinds: type[str] | type[int] | type[float]) -> dict[str, ExecutionParameter]:
    """Returns the PARAMETERS of a ComponentSpec whose properties have these names and types."""
    return {name: ExecutionParameter(type=kind) for name, kind in kinds.items()}
