"""Requests from JSON instances, in the row format of TF Serving's REST interface."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from serving.client.messages import predict_request
from serving.signature_names import SIGNATURE_DEF_FIELD

Instance = Mapping[str, Any]


class InstanceReader:
    """Makes requests of one row out of instances such as `{"query": "tea pot", "k": 5}`.

    An input that an instance leaves out is 0, false or "", and a list is filled up with those, which is what the served
    models take for "not given".

    Args:
        metadata: What the server says of the model.
        signature: Name of the signature.

    Raises:
        ValueError: The model has no such signature, or one whose inputs have no rows.
    """

    def __init__(self, metadata: get_model_metadata_pb2.GetModelMetadataResponse, signature: str) -> None:
        self._model, self._signature = metadata.model_spec.name, signature
        signatures = get_model_metadata_pb2.SignatureDefMap()
        metadata.metadata[SIGNATURE_DEF_FIELD].Unpack(signatures)
        if signature not in signatures.signature_def:
            known = sorted(name for name in signatures.signature_def if not name.startswith("__"))
            raise ValueError(f"Model `{self._model}` has no signature `{signature}`, but {', '.join(known)}.")
        self._inputs: dict[str, tuple[tf.DType, tuple[int, ...]]] = {}
        for name, info in signatures.signature_def[signature].inputs.items():
            sizes = tuple(dimension.size for dimension in info.tensor_shape.dim)
            if not sizes or any(size < 0 for size in sizes[1:]):
                raise ValueError(f"Input `{name}` should have rows of a fixed size, but its shape is {list(sizes)}.")
            self._inputs[name] = (tf.dtypes.as_dtype(info.dtype), sizes[1:])

    @property
    def texts(self) -> list[str]:
        """Names of the inputs that are one text."""
        return sorted(name for name, (dtype, sizes) in self._inputs.items() if dtype == tf.string and not sizes)

    def request(self, instance: Instance) -> predict_pb2.PredictRequest:
        """Returns the request of an instance.

        Raises:
            ValueError: It has a key that is no input, or a value that does not fit.
        """
        unknown = sorted(set(instance) - set(self._inputs))
        if unknown:
            raise ValueError(f"`{unknown[0]}` is no input; the inputs are {', '.join(sorted(self._inputs))}.")
        inputs = {
            name: _row(name, instance.get(name), dtype, sizes) for name, (dtype, sizes) in sorted(self._inputs.items())
        }
        return predict_request(self._model, self._signature, inputs)


def _row(name: str, value: Any, dtype: tf.DType, sizes: tuple[int, ...]) -> np.ndarray:
    """Returns the value as `(1, *sizes)`."""
    is_text = dtype == tf.string
    row = np.full((1, *sizes), b"" if is_text else 0, object if is_text else dtype.as_numpy_dtype)
    if value is None:
        return row
    given = value if sizes else [value]
    if len(sizes) > 1 or not isinstance(given, list) or (sizes and len(given) > sizes[0]):
        expected = f"a list of at most {sizes[0]} values" if len(sizes) == 1 else f"a value of shape {list(sizes)}"
        raise ValueError(f"`{name}` should be {expected}, got {value!r:.80}.")
    try:
        values = [_bytes(each) if is_text else _number(each, row.dtype) for each in given]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"`{name}` should hold {dtype.name}, got {value!r:.80}.") from error
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
