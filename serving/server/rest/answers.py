"""Outputs as JSON, number for number as TF Serving writes them."""

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving.server.errors import invalid_argument
from serving.server.requests.tensors import dtype_name
from serving.server.rest.json_values import BYTES_IN_TEXT

_BYTES_SUFFIX = "_bytes"
# Significant digits that tell any two numbers of a dtype apart.
_FULL_DIGITS = {np.dtype(np.float32): 9, np.dtype(np.float64): 17}


def predictions(outputs: Mapping[str, np.ndarray]) -> bytes:
    """Returns `{"predictions": […]}`: a value for each row, or an object of values where there are several outputs.

    Raises:
        StatusError: INVALID_ARGUMENT if outputs have no rows, unequally many, or a dtype that JSON cannot hold.
    """
    columns = {name: _rows(name, value) for name, value in sorted(outputs.items())}
    counts = {name: len(rows) for name, rows in columns.items()}
    expected = next(iter(counts.values()))
    for name, count in counts.items():
        if count != expected:
            raise invalid_argument(f"Tensor name: {name} has inconsistent batch size: {count} expecting: {expected}")
    if len(columns) == 1:
        rows: Iterable[str] = next(iter(columns.values()))
    else:
        rows = (_object(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True))
    return _encoded(_object({"predictions": _list(rows)}))


def columns(outputs: Mapping[str, np.ndarray]) -> bytes:
    """Returns `{"outputs": …}`: the only output, or an object of all.

    Raises:
        StatusError: INVALID_ARGUMENT for a dtype that JSON cannot hold.
    """
    texts = {name: _nested(_leaves(name, value), value.shape) for name, value in sorted(outputs.items())}
    return _encoded(_object({"outputs": next(iter(texts.values())) if len(texts) == 1 else _object(texts)}))


def classifications(result: classification_pb2.ClassificationResult) -> bytes:
    """Returns `{"results": […]}` with a list of label and score for each class of each example."""
    rows = []
    for row in result.classifications:
        scores = _decimals(np.array([made.score for made in row.classes], np.float32))
        labels = [_string(made.label) for made in row.classes]
        rows.append(_list(map(_list, zip(labels, scores, strict=True))))
    return _encoded(_object({"results": _list(rows)}))


def regressions(result: regression_pb2.RegressionResult) -> bytes:
    """Returns `{"results": […]}` with a number for each example."""
    numbers = np.array([made.value for made in result.regressions], np.float32)
    return _encoded(_object({"results": _list(_decimals(numbers))}))


def _rows(name: str, value: np.ndarray) -> list[str]:
    if not value.ndim:
        raise invalid_argument(f"Tensor name: {name} has no shape information ")
    return _grouped(_leaves(name, value), value.shape)


def _leaves(name: str, value: np.ndarray) -> list[str]:
    flat = value.ravel()
    if value.dtype in _FULL_DIGITS:
        return _decimals(flat)
    if value.dtype == object:
        return [_base64(item) if name.endswith(_BYTES_SUFFIX) else _string_of(item) for item in flat]
    if value.dtype == bool:
        return ["true" if item else "false" for item in flat]
    if value.dtype.kind in "iu":
        return list(map(str, flat.tolist()))
    raise invalid_argument(f"Failed to write JSON value for tensor type: {dtype_name(value.dtype)}")


def _decimals(numbers: np.ndarray) -> list[str]:
    """Writes numbers with six digits, or in full where six do not give the same number back."""
    texts = [f"{number:g}" for number in numbers.tolist()]
    with np.errstate(over="ignore"):
        changed = np.array(texts, np.float64).astype(numbers.dtype) != numbers
    digits = _FULL_DIGITS[numbers.dtype]
    for position in np.flatnonzero(changed & np.isfinite(numbers)).tolist():
        texts[position] = f"{numbers[position].item():.{digits}g}"
    return list(map(_as_decimal, texts))


def _as_decimal(text: str) -> str:
    if text in _NOT_FINITE:
        return _NOT_FINITE[text]
    # A whole number shows that it is not an integer.
    return text if "." in text or "e" in text else f"{text}.0"


_NOT_FINITE = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _grouped(leaves: list[str], shape: Sequence[int]) -> list[str]:
    """Joins leaves to the texts of what lies along the first dimension."""
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        groups = math.prod(shape[:axis])
        leaves = [_list(leaves[group * size : (group + 1) * size]) for group in range(groups)]
    return leaves


def _nested(leaves: list[str], shape: Sequence[int]) -> str:
    return _list(_grouped(leaves, shape)) if shape else leaves[0]


def _list(items: Iterable[str]) -> str:
    return "[" + ",".join(items) + "]"


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_string(name)}:{value}" for name, value in members.items()) + "}"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _string_of(value: bytes) -> str:
    return _string(value.decode("utf-8", BYTES_IN_TEXT))


def _base64(value: bytes) -> str:
    return _object({"b64": _string(base64.b64encode(value).decode("ascii"))})


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", BYTES_IN_TEXT)
