"""Inputs that a node may go without."""

from collections.abc import Mapping

from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance


def optional_uri(input_dict: Mapping[str, list[Artifact]], key: str) -> str | None:
    """Returns the uri of an input's one artifact; None where the node was made without that input."""
    artifacts = input_dict.get(key)
    return get_single_instance(artifacts).uri if artifacts else None
