"""Inputs of a signature from the JSON of a predict request, in rows (`instances`) or columns (`inputs`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.requests.limits import MOST_DIMENSIONS, Limits
from serving.server.requests.tensors import dtype_name
from serving.server.rest.json_values import bytes_of, double_of, is_base64, quoted, type_name

TensorInfos: TypeAlias = Mapping[str, meta_graph_pb2.TensorInfo]

_ROWS, _COLUMNS = "instances", "inputs"
_INT32 = (-(2**31), 2**31 - 1)
# What JSON may hold for a dtype: types, and the range of integers.
_NUMBERS: dict[tf.DType, tuple[set[type], tuple[int, int] | None]] = {
    tf.float32: ({int, float}, None),
    tf.float64: ({int, float}, None),
    tf.int8: ({int}, _INT32),
    tf.uint8: ({int}, _INT32),
    tf.int16: ({int}, _INT32),
    tf.int32: ({int}, _INT32),
    tf.int64: ({int}, (-(2**63), 2**63 - 1)),
    tf.uint32: ({int}, (0, 2**32 - 1)),
    tf.uint64: ({int}, (0, 2**64 - 1)),
    tf.bool: ({bool}, None),
}


def in_rows(document: Mapping[str, Any]) -> bool:
    """Returns whether a request gives its inputs in rows, and so wants its outputs.

    Raises:
        StatusError: INVALID_ARGUMENT unless it gives either rows or columns.
    """
    if _ROWS in document and _COLUMNS in document:
        raise invalid_argument(
            f"JSON Value: {quoted(document)} Not formatted correctly expecting only one of '{_COLUMNS}' or '{_ROWS}' "
            "keys to exist "
        )
    if _ROWS in document:
        rows = document[_ROWS]
        if not isinstance(rows, list):
            raise invalid_argument(f"JSON Value: {quoted(document)} Expecting '{_ROWS}' to be an list/array")
        if not rows:
            raise invalid_argument(f"JSON Value: {quoted(document)} No values in '{_ROWS}' array")
        return True
    if _COLUMNS not in document:
        raise invalid_argument(f"Missing '{_COLUMNS}' or '{_ROWS}' key")
    return False


def read_inputs(document: Mapping[str, Any], infos: TensorInfos, limits: Limits) -> dict[str, np.ndarray]:
    """Reads a value for every input of a signature.

    Args:
        document: The request; `in_rows` has looked at it.
        infos: The signature's inputs.
        limits: Largest tensors.

    Raises:
        StatusError: INVALID_ARGUMENT with TF Serving's messages.
    """
    if _ROWS in document:
        return _from_rows(document[_ROWS], infos, limits)
    return _from_columns(document[_COLUMNS], infos, limits)


@dataclass
class _Rows:
    """One input's values, row after row, all of the same shape."""

    shape: tuple[int, ...]
    leaves: list[Any] = field(default_factory=list)
    sizes: int = 0

    def add(self, shape: tuple[int, ...], leaves: Sequence[Any]) -> None:
        if not self.sizes:
            self.sizes = len(leaves)
        if len(leaves) != self.sizes:
            raise invalid_argument(f"Expecting tensor size: {self.sizes} but got: {len(leaves)}")
        if shape != self.shape:
            raise invalid_argument(f"Expecting shape {_shape_text(self.shape)} but got: {_shape_text(shape)}")
        self.leaves.extend(leaves)


def _from_rows(rows: Sequence[Any], infos: TensorInfos, limits: Limits) -> dict[str, np.ndarray]:
    limits.check_rows(_ROWS, len(rows))
    named = _is_object(rows[0])
    if not named and len(infos) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    only_name = min(infos)
    collected: dict[str, _Rows] = {}
    for number, row in enumerate(rows):
        if _is_object(row) != named:
            expected, got = ("object", "list") if named else ("value/list", "object")
            raise invalid_argument(f"Expecting {expected} but got {got} at item {number} of input list")
        for name, value in row.items() if named else ((only_name, row),):
            where = f"{number} key: {name}" if named else f"{number}"
            try:
                if name not in infos:
                    raise invalid_argument(f"JSON object: does not have named input: {name}")
                shape, leaves = _dense(value)
                if name not in collected:
                    limits.check_shape(name, (len(rows), *shape), infos[name])
                _check_leaves(leaves, tf.dtypes.as_dtype(infos[name].dtype))
                collected.setdefault(name, _Rows(shape)).add(shape, leaves)
            except StatusError as error:
                raise StatusError(
                    error.code,
                    f"Failed to process element: {where} of 'instances' list. Error: {error.code.name}: "
                    f"{error.message}",
                ) from error
        if named and set(row) != set(infos):
            raise invalid_argument(
                f"Failed to process element: {number} of 'instances' list. JSON object: {quoted(row)} keys must be "
                f"equal to: {','.join(sorted(infos))}"
            )
    return {name: _array(values.leaves, (len(rows), *values.shape), infos[name]) for name, values in collected.items()}


def _from_columns(columns: Any, infos: TensorInfos, limits: Limits) -> dict[str, np.ndarray]:
    if not _is_object(columns):
        if len(infos) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        columns = {min(infos): columns}
    inputs = {}
    for name, info in infos.items():
        if name not in columns:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
        shape, leaves = _dense(columns[name])
        limits.check_shape(name, shape, info)
        _check_leaves(leaves, tf.dtypes.as_dtype(info.dtype))
        inputs[name] = _array(leaves, shape, info)
    return inputs


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _dense(value: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Returns the shape of nested lists, told by the first of each, and their values in order."""
    shape: list[int] = []
    first = value
    while isinstance(first, list):
        if len(shape) == MOST_DIMENSIONS:
            raise invalid_argument(f"Encountered list at unexpected level: {len(shape)} expected < {MOST_DIMENSIONS}")
        shape.append(len(first))
        if not first:
            break
        first = first[0]
    leaves = [value]
    for level, size in enumerate(shape):
        below: list[Any] = []
        for item in leaves:
            if not isinstance(item, list):
                raise invalid_argument(
                    f"JSON Value: {quoted(item)} found at incorrect level: {level + 1} in the JSON DOM. Expected at "
                    f"level: {len(shape)}"
                )
            if len(item) != size:
                raise invalid_argument(
                    f"Encountered list at unexpected size: {len(item)} at level: {level} expected size: {size}"
                )
            below.extend(item)
        leaves = below
    if any(isinstance(leaf, list) for leaf in leaves):
        raise invalid_argument(f"Encountered list at unexpected level: {len(shape)} expected < {len(shape)}")
    return tuple(shape), leaves


def _check_leaves(leaves: Sequence[Any], dtype: tf.DType) -> None:
    if dtype == tf.string:
        wrong = [leaf for leaf in leaves if not isinstance(leaf, str | dict)]
    elif dtype in _NUMBERS:
        types, limits = _NUMBERS[dtype]
        if set(map(type, leaves)) <= types and (limits is None or not leaves or _within(leaves, limits)):
            return
        wrong = [leaf for leaf in leaves if type(leaf) not in types or (limits and not _within([leaf], limits))]
    else:
        raise StatusError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {quoted(leaves[0] if leaves else None)} to type: {dtype_name(dtype)}",
        )
    if wrong:
        raise invalid_argument(
            f"JSON Value: {quoted(wrong[0])} Type: {type_name(wrong[0])} is not of expected type: {dtype_name(dtype)}"
        )


def _within(leaves: Sequence[int], limits: tuple[int, int]) -> bool:
    return min(leaves) >= limits[0] and max(leaves) <= limits[1]


def _array(leaves: Sequence[Any], shape: tuple[int, ...], info: meta_graph_pb2.TensorInfo) -> np.ndarray:
    dtype = tf.dtypes.as_dtype(info.dtype)
    if dtype == tf.string:
        flat = np.empty(len(leaves), object)
        flat[:] = list(map(bytes_of, leaves))
    elif dtype.is_floating:
        # A number beyond the dtype's range becomes infinite.
        with np.errstate(over="ignore"):
            flat = _doubles(leaves).astype(dtype.as_numpy_dtype)
    else:
        flat = np.array(leaves, np.uint64 if dtype == tf.uint64 else np.int64).astype(dtype.as_numpy_dtype)
    return flat.reshape(shape)


def _doubles(leaves: Sequence[Any]) -> np.ndarray:
    try:
        return np.array(leaves, np.float64)
    except OverflowError:
        return np.array(list(map(double_of, leaves)), np.float64)


def _shape_text(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
