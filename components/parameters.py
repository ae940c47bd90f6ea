"""Values of a node that may be known only when the pipeline is submitted."""

from tfx.orchestration.data_types import RuntimeParameter

Parameter = str | RuntimeParameter
IntParameter = int | RuntimeParameter
