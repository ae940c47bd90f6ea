"""The client's values as messages of TensorFlow Serving's protocol, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from shelfwise_client.deadline import Deadline
from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.protocol.classes import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    PredictRequest,
    PredictResponse,
)
from shelfwise_client.protocol.signatures import Signature
from shelfwise_client.protocol.tensors import read_tensor, write_tensor
from shelfwise_client.signature_names import SIGNATURE_DEF_FIELD


def predict_request(
    model: str,
    signature: str,
    inputs: Mapping[str, np.ndarray],
    outputs: Sequence[str] = (),
    version_label: str = "",
) -> PredictRequest:
    """Returns a request for some outputs of a signature; none means all.

    Args:
        model: Name of the model.
        signature: Name of the signature.
        inputs: Value of each input.
        outputs: Outputs wanted.
        version_label: Label of the version that is to answer; empty for the newest.

    Raises:
        ValueError: An input holds neither strings, numbers nor booleans.
    """
    request = PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version_label:
        request.model_spec.version_label = version_label
    request.output_filter.extend(outputs)
    for name, value in inputs.items():
        write_tensor(request.inputs[name], value, name)
    return request


def metadata_request(model: str, version_label: str = "") -> GetModelMetadataRequest:
    """Returns a request for the signatures of a model; see `predict_request`."""
    request = GetModelMetadataRequest()
    request.model_spec.name = model
    if version_label:
        request.model_spec.version_label = version_label
    request.metadata_field.append(SIGNATURE_DEF_FIELD)
    return request


def read_metadata(answer: bytes) -> GetModelMetadataResponse:
    """Returns the message of an answer.

    Raises:
        MalformedAnswer: It is none.
    """
    return _message(GetModelMetadataResponse, answer)


def read_answer(answer: bytes) -> PredictResponse:
    """Returns the message of an answer.

    Raises:
        MalformedAnswer: It is none.
    """
    return _message(PredictResponse, answer)


def output_arrays(
    answer: PredictResponse, signature: Signature, outputs: Sequence[str], rows: int | None, deadline: Deadline
) -> dict[str, np.ndarray]:
    """Returns the outputs of an answer; strings as object arrays of bytes.

    An answer comes from outside: nothing of it is decoded before all of it is what the signature says.

    Args:
        answer: What the server said.
        signature: What the server says of the signature that was asked.
        outputs: The outputs that were asked for; none means all.
        rows: The rows that were asked about; None takes any number.
        deadline: When to give up.

    Raises:
        MalformedAnswer: An output is missing or was not asked for, or it is not what the signature says.
        CallTimeoutError: The time is over.
    """
    tensors = answer.outputs
    wanted = set(outputs or signature.outputs) & set(signature.outputs)
    for name in sorted(wanted - set(tensors)):
        raise MalformedAnswer(f"output `{name}` is missing")
    for name in sorted(set(tensors) - wanted):
        raise MalformedAnswer(f"output `{name:.80}` was not asked for")
    checked = [(name, each, signature.outputs[name].checked_shape(each, name, rows)) for name, each in tensors.items()]
    arrays = {}
    for name, tensor, shape in checked:
        deadline.left()
        arrays[name] = read_tensor(tensor, shape)
    return arrays


def _message(kind: Any, answer: bytes) -> Any:
    try:
        return kind.FromString(answer)
    except DecodeError:
        raise MalformedAnswer(f"{len(answer)} bytes that are no {kind.DESCRIPTOR.name}") from None
