"""Requests of both protocols that are damaged, or state one thing and hold another."""

import json
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2

from tests.fuzz.damage import damaged
from tests.fuzz.tensors import damage_tensor
from tests.serving.recommendation.small_shop import Ask, filtered_inputs, history_inputs
from tests.serving.server.load import add_request

_CLIENTS_FAULT = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNIMPLEMENTED,
}

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.fixed_dictionaries({"b64": st.text(max_size=5)}),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "name", "words", "b64", "y"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def send(channel: grpc.Channel, body: bytes, service: str = "PredictionService/Predict") -> tuple[grpc.StatusCode, str]:
    """Sends bytes as they are, and returns the status."""
    call = channel.unary_unary(f"/tensorflow.serving.{service}").future(body, timeout=20)
    return call.code(), call.details() or ""


def assert_clients_fault(code: grpc.StatusCode, message: str) -> None:
    """Asserts that a request was answered, or refused for what it is."""
    unreadable = code is grpc.StatusCode.INTERNAL and "deserializing" in message
    assert code is grpc.StatusCode.OK or code in _CLIENTS_FAULT or unreadable, (code, message)


def shop_request(inputs: dict[str, np.ndarray], signature: str) -> predict_pb2.PredictRequest:
    """Returns a request to the small shop."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "recommendation"
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


GOOD = [
    add_request().SerializeToString(),
    shop_request(history_inputs([Ask(["P001"])]), "").SerializeToString(),
    shop_request(filtered_inputs([Ask(["P001"], k=3)]), "filtered").SerializeToString(),
]


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """PredictRequests with damaged tensors and bytes."""
    request = predict_pb2.PredictRequest.FromString(draw(st.sampled_from(GOOD)))
    for name in draw(st.lists(st.sampled_from(sorted(request.inputs)), max_size=3)):
        damage_tensor(draw, request.inputs[name])
    # In one order whatever the process: a map has none.
    return draw(damaged(request.SerializeToString(deterministic=True), most=2))


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """JSON whose values repeat, nest or are written at length."""
    item = draw(
        JSON.map(json.dumps) | st.sampled_from(["{}", "[]", '""', "9" * 400, "[" * 70 + "]" * 70, '"k"', "1e999"])
    )
    count = draw(st.sampled_from([1, 2, 100, 1025, 300_000]))
    items = "[" + ",".join([item] * count) + "]"
    key = draw(st.sampled_from(["instances", "inputs", "examples", "signature_name"]))
    more = draw(st.sampled_from(["", ', "signature_name": "filtered"', ', "context": {}']))
    return f'{{"{key}": {items}{more}}}'.encode()
