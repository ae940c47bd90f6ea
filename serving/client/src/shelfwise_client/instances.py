"""Requests from JSON instances, in the row format of TF Serving's REST interface."""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.protocol.classes import GetModelMetadataResponse, PredictRequest
from shelfwise_client.protocol.messages import predict_request
from shelfwise_client.protocol.signatures import MOST_VALUES, TensorSpec, read_signatures
from shelfwise_client.protocol.tensors import DataType, data_type

Instance = Mapping[str, Any]


class InstanceReader:
    """Makes requests of one row out of instances such as `{"query": "tea pot", "k": 5}`.

    An input that an instance leaves out is 0, false or "", and a list is filled up with those, which is what the served
    models take for "not given".

    Args:
        metadata: What the server says of the model.
        signature: Name of the signature.

    Raises:
        ValueError: The metadata holds no such signature, or one whose inputs have no rows of a fixed size.
    """

    def __init__(self, metadata: GetModelMetadataResponse, signature: str) -> None:
        self._model, self._signature = metadata.model_spec.name, signature
        try:
            signatures = read_signatures(metadata)
        except MalformedAnswer as error:
            raise ValueError(f"Model `{self._model}`: {error}.") from error
        if signature not in signatures:
            known = sorted(name for name in signatures if not name.startswith("__"))
            raise ValueError(f"Model `{self._model}` has no signature `{signature}`, but {', '.join(known)}.")
        self._inputs = {name: _input(name, spec) for name, spec in signatures[signature].inputs.items()}

    @property
    def texts(self) -> list[str]:
        """Names of the inputs that are one text."""
        return sorted(name for name, (kind, sizes) in self._inputs.items() if kind.is_text and not sizes)

    def request(self, instance: Instance) -> PredictRequest:
        """Returns the request of an instance.

        Raises:
            ValueError: It has a key that is no input, or a value that does not fit.
        """
        unknown = sorted(set(instance) - set(self._inputs))
        if unknown:
            raise ValueError(f"`{unknown[0]}` is no input; the inputs are {', '.join(sorted(self._inputs))}.")
        inputs = {
            name: _row(name, instance.get(name), kind, sizes) for name, (kind, sizes) in sorted(self._inputs.items())
        }
        return predict_request(self._model, self._signature, inputs)


def _input(name: str, spec: TensorSpec) -> tuple[DataType, tuple[int, ...]]:
    """Returns the kind of an input, and the sizes of a row of it."""
    kind, shape = data_type(spec.data_type), spec.shape or ()
    if kind is None or not shape or min(shape[1:], default=0) < 0 or math.prod(shape[1:]) > MOST_VALUES:
        raise ValueError(f"Input `{name}` should have rows of a fixed size, but its shape is {list(shape)}.")
    return kind, shape[1:]


def _row(name: str, value: Any, kind: DataType, sizes: tuple[int, ...]) -> np.ndarray:
    """Returns the value as `(1, *sizes)`."""
    is_text = kind.is_text
    row = np.full((1, *sizes), b"" if is_text else 0, kind.array)
    if value is None:
        return row
    given = value if sizes else [value]
    if len(sizes) > 1 or not isinstance(given, list) or (sizes and len(given) > sizes[0]):
        expected = f"a list of at most {sizes[0]} values" if len(sizes) == 1 else f"a value of shape {list(sizes)}"
        raise ValueError(f"`{name}` should be {expected}, got {value!r:.80}.")
    try:
        values = [_bytes(each) if is_text else _number(each, row.dtype) for each in given]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"`{name}` should hold {kind.name}, got {value!r:.80}.") from error
    row.reshape(-1)[: len(values)] = values
    return row


def _bytes(value: Any) -> bytes:
    if isinstance(value, Mapping) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"], validate=True)
    if not isinstance(value, str):
        raise TypeError
    return value.encode("utf-8", "surrogateescape")


def _number(value: Any, dtype: np.dtype[Any]) -> Any:
    kinds: dict[str, tuple[type, ...]] = {"b": (bool,), "f": (int, float)}
    if type(value) not in kinds.get(dtype.kind, (int,)):
        raise TypeError
    return dtype.type(value)
