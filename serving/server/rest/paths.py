"""What a REST request asks for, by its method and path."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from tensorflow_serving.apis import model_pb2

from serving.server.errors import invalid_argument

_MODEL = r"(?P<model>[^/:]+)"
_CHOICE = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_CALL = re.compile(rf"/v1/models/{_MODEL}{_CHOICE}:(?P<method>classify|regress|predict)", re.IGNORECASE)
_LOOK = re.compile(rf"/v1/models(?:/{_MODEL})?{_CHOICE}(?:/(?P<method>metadata))?", re.IGNORECASE)
_LARGEST_VERSION = 2**63 - 1


@dataclass(frozen=True)
class Target:
    """A method of a model.

    Args:
        spec: Model, and its version or label if one is named.
        method: `predict`, `classify`, `regress`, `metadata` or `status`.
    """

    spec: model_pb2.ModelSpec
    method: str


def target_of(http_method: str, path: str) -> Target:
    """Reads a request's first line.

    Args:
        http_method: GET, POST or another one.
        path: The path as it came, percent signs and all, and the query.

    Raises:
        StatusError: INVALID_ARGUMENT with TF Serving's message.
    """
    pattern = {"POST": _CALL, "GET": _LOOK}.get(http_method)
    match = pattern.fullmatch(path) if pattern is not None else None
    if match is None:
        raise invalid_argument(f"Malformed request: {http_method} {path}")
    if match["model"] is None:
        raise invalid_argument("Missing model name in request.")
    spec = model_pb2.ModelSpec(name=_decoded(match["model"]))
    if match["version"] is not None:
        version = int(match["version"]) if len(match["version"]) < 100 else _LARGEST_VERSION + 1
        if version > _LARGEST_VERSION:
            raise invalid_argument(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = version
    elif match["label"] is not None:
        spec.version_label = _decoded(match["label"])
    return Target(spec, (match["method"] or "status").lower())


def _decoded(part: str) -> str:
    return unquote(part, errors="replace")
