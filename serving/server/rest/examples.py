"""tf.Examples from the JSON of a classify or regress request."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import input_pb2

from serving.server.errors import invalid_argument
from serving.server.requests.limits import Limits
from serving.server.rest.json_values import bytes_of, double_of, is_base64, quoted, type_name

_LARGEST_INT64, _LARGEST_UINT64 = 2**63 - 1, 2**64 - 1
_KIND_NAMES = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def read_examples(document: Mapping[str, Any], limits: Limits) -> input_pb2.Input:
    """Reads `examples`, and `context` if there is one.

    Args:
        document: The request.
        limits: Largest requests.

    Raises:
        StatusError: INVALID_ARGUMENT with TF Serving's messages.
    """
    given = input_pb2.Input()
    examples = given.example_list.examples
    if "context" in document:
        context = _example(document["context"])
        given.example_list_with_context.context.CopyFrom(context)
        examples = given.example_list_with_context.examples
    if "examples" not in document:
        raise invalid_argument(
            f"JSON Value: {quoted(document)} When method is classify, key 'examples' is expected and was not found"
        )
    values = document["examples"]
    if not isinstance(values, list):
        raise invalid_argument(f"JSON Value: {quoted(document)} Expecting 'examples' value to be an list/array")
    if not values:
        raise invalid_argument(f"JSON Value: {quoted(document)} 'examples' value is an empty array")
    limits.check_rows("examples", len(values))
    examples.extend(map(_example, values))
    return given


def _example(value: Any) -> tf.train.Example:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {type_name(value)}")
    example = tf.train.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for item in content if isinstance(content, list) else [content]:
            _append(feature, name, item)
    return example


def _append(feature: tf.train.Feature, name: str, item: Any) -> None:
    kind, value = _kind_and_value(name, item)
    current = feature.WhichOneof("kind")
    if current not in (None, kind):
        raise invalid_argument(f"Unexpected element type in feature: {name} expecting type: {_KIND_NAMES[current]}")
    getattr(feature, kind).value.append(value)


def _kind_and_value(name: str, item: Any) -> tuple[str, bytes | float | int]:
    if isinstance(item, str) or is_base64(item):
        return "bytes_list", bytes_of(item)
    if isinstance(item, float):
        return "float_list", item
    if isinstance(item, int):
        if _LARGEST_INT64 < item <= _LARGEST_UINT64:
            raise invalid_argument(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
        # An integer that no 64 bits hold is a double.
        return ("int64_list", int(item)) if abs(item) <= _LARGEST_INT64 else ("float_list", double_of(item))
    raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {type_name(item)}")
