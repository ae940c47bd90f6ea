"""Where a trainer's checkpoints lie: in a folder that the same training finds when it is begun again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.types.artifact import Artifact

_FOLDER = ".checkpoints"


def checkpoint_folder(
    given: str, output_uri: str, inputs: Mapping[str, Sequence[Artifact]], exec_properties: Mapping[str, Any]
) -> str:
    """Returns the folder of the training that these inputs and properties define.

    TFX gives each attempt an output folder of its own, and empties that of one that failed, so checkpoints lie beside
    them: below the node's folder, which holds a folder for each output with one for each attempt.

    Args:
        given: A folder or URI to lie below; empty for the node's.
        output_uri: Any output of the attempt.
        inputs: The node's inputs.
        exec_properties: The node's properties, which have the digest of its code.
    """
    uris = {name: [artifact.uri for artifact in artifacts] for name, artifacts in inputs.items()}
    training = json.dumps([uris, {name: str(value) for name, value in exec_properties.items()}], sort_keys=True)
    base = given.rstrip("/") or f"{output_uri.rstrip('/').rsplit('/', 2)[0]}/{_FOLDER}"
    return f"{base}/{hashlib.sha256(training.encode()).hexdigest()[:16]}"
