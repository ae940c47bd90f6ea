"""NumPy arrays as TensorFlow's tensor messages, and back."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.protocol.classes import DATA_TYPES


@dataclass(frozen=True)
class DataType:
    """A kind of value that a tensor holds.

    Attributes:
        number: Of the kind in the protocol.
        name: As TensorFlow and NumPy call it.
        array: dtype of its arrays; strings are objects of type bytes.
        field: Where a tensor message has its values one by one.
    """

    number: int
    name: str
    array: np.dtype[Any]
    field: str

    @property
    def is_text(self) -> bool:
        """Whether it is strings."""
        return self.array.hasobject


def _number_type(name: str, kind: type[np.generic], field: str) -> DataType:
    # The protocol's bytes are little-endian.
    return DataType(DATA_TYPES[name], np.dtype(kind).name, np.dtype(kind).newbyteorder("<"), field)


TEXT = DataType(DATA_TYPES["DT_STRING"], "string", np.dtype(object), "string_val")
FLOAT = _number_type("DT_FLOAT", np.float32, "float_val")
INT = _number_type("DT_INT32", np.int32, "int_val")
BOOL = _number_type("DT_BOOL", np.bool_, "bool_val")
_TYPES = (
    TEXT,
    FLOAT,
    INT,
    _number_type("DT_DOUBLE", np.float64, "double_val"),
    _number_type("DT_HALF", np.float16, "half_val"),
    _number_type("DT_INT8", np.int8, "int_val"),
    _number_type("DT_INT16", np.int16, "int_val"),
    _number_type("DT_INT64", np.int64, "int64_val"),
    _number_type("DT_UINT8", np.uint8, "int_val"),
    _number_type("DT_UINT16", np.uint16, "int_val"),
    _number_type("DT_UINT32", np.uint32, "uint32_val"),
    _number_type("DT_UINT64", np.uint64, "uint64_val"),
    BOOL,
)
_BY_NUMBER = {each.number: each for each in _TYPES}
_BY_DTYPE = {each.array: each for each in _TYPES}
_NAMES = {number: name for name, number in DATA_TYPES.items()}


def data_type(number: int) -> DataType | None:
    """Returns a kind of value by its number in the protocol; None for one that arrays cannot hold."""
    return _BY_NUMBER.get(number)


def data_type_name(number: int) -> str:
    """Returns the protocol's name of a kind of value."""
    return _NAMES.get(number, f"type {number}")


def write_tensor(tensor: Any, value: Any, name: str) -> None:
    """Fills an empty tensor message with an array.

    Args:
        tensor: The message.
        value: Numbers, booleans or strings; strings as bytes, or as text, which is sent as UTF-8.
        name: Of the input, for messages.

    Raises:
        ValueError: It holds something else.
    """
    array = np.asarray(value)
    is_text = array.dtype.kind in "OSU"
    kind = TEXT if is_text else _BY_DTYPE.get(array.dtype.newbyteorder("<"))
    if kind is None:
        raise ValueError(f"`{name}` should hold strings, numbers or booleans, got an array of {array.dtype}.")
    tensor.dtype = kind.number
    for size in array.shape:
        tensor.tensor_shape.dim.add().size = size
    if is_text:
        tensor.string_val.extend(_as_bytes(array.ravel().tolist(), name))
    else:
        tensor.tensor_content = array.astype(kind.array, copy=False).tobytes()


def _as_bytes(values: list[Any], name: str) -> list[bytes]:
    encoded = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for value in values]
    for value in encoded:
        if not isinstance(value, bytes):
            raise ValueError(f"`{name}` should hold strings, got {value!r:.80} of type {type(value).__name__}.")
    return encoded


def checked_shape(tensor: Any, name: str) -> tuple[int, ...]:
    """Returns the shape of a tensor message that has a value for each of its elements, without looking at any.

    A message may also say a value once that is to be repeated; servers of models never do, and what it costs to hold
    such a tensor would not show in its size.

    Args:
        tensor: The message.
        name: Of the output, for messages.

    Raises:
        MalformedAnswer: It has not, or holds what arrays cannot.
    """
    kind = _BY_NUMBER.get(tensor.dtype)
    if kind is None:
        raise MalformedAnswer(f"output `{name}` holds {data_type_name(tensor.dtype)}, which no array can hold")
    shape = tuple([dimension.size for dimension in tensor.tensor_shape.dim])
    if tensor.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise MalformedAnswer(f"output `{name}` does not say its shape")
    elements = math.prod(shape)
    if tensor.tensor_content and not kind.is_text:
        fits = len(tensor.tensor_content) == elements * kind.array.itemsize
    else:
        fits = len(getattr(tensor, kind.field)) == elements
    if not fits:
        raise MalformedAnswer(
            f"output `{name}` says it has the shape {list(shape)}, but does not hold that many values"
        )
    return shape


def read_tensor(tensor: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Returns the array of a tensor message; strings as objects of type bytes.

    Args:
        tensor: The message.
        shape: What `checked_shape` found.
    """
    kind = _BY_NUMBER[tensor.dtype]
    values = getattr(tensor, kind.field)
    if kind.is_text:
        # A slice is a list, made in one step; reading value by value takes half as long again.
        return np.array(values[:], object).reshape(shape)
    if tensor.tensor_content:
        return np.frombuffer(bytearray(tensor.tensor_content), kind.array).reshape(shape)
    if kind.array.kind == "f" and kind.array.itemsize == 2:
        # The bits of each half-precision number are a whole number of the message.
        return np.fromiter(values, np.uint16, len(values)).view(np.float16).reshape(shape)
    return np.fromiter(values, kind.array, len(values)).reshape(shape)
