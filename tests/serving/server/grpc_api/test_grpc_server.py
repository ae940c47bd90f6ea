"""Requests over a real port: right ones, wrong ones, and that the server stays up."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.grpc_api.grpc_server import GrpcServer
from serving.server.models.model_store import ModelStore
from serving.server.requests.calls import Calls
from serving.server.settings import ServerSettings
from tests.serving.recommendation.small_shop import (
    Ask,
    PlainShop,
    assert_same,
    filtered_inputs,
    history_inputs,
    rows_of,
)

Edit = Callable[[Any], object]


@pytest.fixture(scope="module")
def channel(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address) as made:
        yield made


@pytest.fixture(scope="module")
def predictions(channel: grpc.Channel) -> prediction_service_pb2_grpc.PredictionServiceStub:
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def request(inputs: dict[str, np.ndarray], signature: str = "") -> predict_pb2.PredictRequest:
    made = predict_pb2.PredictRequest()
    made.model_spec.name = "recommendation"
    made.model_spec.signature_name = signature
    for name, value in inputs.items():
        made.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return made


def answer(response: predict_pb2.PredictResponse) -> dict[str, np.ndarray]:
    return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}


def test_predict(predictions: Any, plain_shop: PlainShop) -> None:
    ask = Ask(["P001", "nul\0"], ["view", "purchase"], [90.0, 4.0])
    response = predictions.Predict(request(history_inputs([ask])))
    assert_same(rows_of(answer(response))[0], plain_shop.recommend(ask))
    assert response.model_spec.name == "recommendation"
    assert response.model_spec.signature_name == "serving_default"
    assert response.model_spec.version.value == 3


def test_output_filter_and_version_choice(predictions: Any) -> None:
    asked = request(history_inputs([Ask()]))
    asked.output_filter.append("scores")
    asked.model_spec.version.value = 3
    assert list(predictions.Predict(asked, timeout=20).outputs) == ["scores"]


def set_input(name: str, value: Any) -> Edit:
    return lambda made: made.inputs[name].CopyFrom(tf.make_tensor_proto(value))


def negative_dimension(made: predict_pb2.PredictRequest) -> None:
    made.inputs["history_ids"].tensor_shape.dim[0].size = -1


def surplus_values(made: predict_pb2.PredictRequest) -> None:
    made.inputs["history_ids"].string_val.append(b"one more")


def truncated_content(made: predict_pb2.PredictRequest) -> None:
    proto = made.inputs["history_age_seconds"]
    proto.tensor_content = proto.tensor_content[:-1]


def terabytes(made: predict_pb2.PredictRequest) -> None:
    made.inputs["history_age_seconds"].tensor_shape.dim[0].size = 2**40


def unknown_dtype(made: predict_pb2.PredictRequest) -> None:
    made.inputs["history_ids"].dtype = 99


INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
WRONG: dict[str, tuple[Edit, grpc.StatusCode, str]] = {
    "wrong dtype": (
        set_input("history_ids", np.zeros((1, 8), np.float32)),
        INVALID,
        "Expects arg[1] to be string but float is provided",
    ),
    "missing input": (
        lambda made: made.inputs.pop("history_types"),
        INVALID,
        "input size does not match signature: 2!=3 len({history_age_seconds,history_ids}) != "
        "len({history_age_seconds,history_ids,history_types}). Sent extra: {}. Missing but required: {history_types}.",
    ),
    "extra input": (
        set_input("other", [1]),
        INVALID,
        "input size does not match signature: 4!=3 len({history_age_seconds,history_ids,history_types,other}) != "
        "len({history_age_seconds,history_ids,history_types}). Sent extra: {other}. Missing but required: {}.",
    ),
    "wrong width": (
        set_input("history_ids", np.full((1, 7), b"", object)),
        INVALID,
        "must have the shape of history_ids",
    ),
    "wrong rank": (set_input("history_ids", np.full(8, b"", object)), INVALID, "must have the shape of history_ids"),
    "other rows": (
        set_input("history_ids", np.full((2, 8), b"", object)),
        INVALID,
        "must have the shape of history_ids",
    ),
    "negative dimension": (negative_dimension, INVALID, "tensor parsing error: history_ids"),
    "surplus values": (surplus_values, INVALID, "tensor parsing error: history_ids"),
    "truncated content": (truncated_content, INVALID, "tensor parsing error: history_age_seconds"),
    "a huge shape": (terabytes, INVALID, "history_age_seconds has 1099511627776 rows; this server takes up to 1024."),
    "unknown dtype": (unknown_dtype, INVALID, "tensor parsing error: history_ids"),
    "unknown signature": (
        lambda made: setattr(made.model_spec, "signature_name", "nope"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "nope" not found.',
    ),
    "unknown model": (
        lambda made: setattr(made.model_spec, "name", "nope"),
        NOT_FOUND,
        "Servable not found for request: Latest(nope)",
    ),
    "unknown version": (
        lambda made: setattr(made.model_spec.version, "value", 8),
        NOT_FOUND,
        "Servable not found for request: Specific(recommendation, 8)",
    ),
    "unknown label": (
        lambda made: setattr(made.model_spec, "version_label", "stable"),
        INVALID,
        "Unrecognized servable version label: stable",
    ),
    "no model name": (lambda made: made.model_spec.ClearField("name"), INVALID, "ModelSpec has no name specified."),
    "no model spec": (lambda made: made.ClearField("model_spec"), INVALID, "Missing ModelSpec"),
    "bad output filter": (
        lambda made: made.output_filter.append("nope"),
        INVALID,
        "output tensor alias not found in signature: nope "
        "Outputs expected to be in the set {pinned,product_ids,scores,titles}.",
    ),
    "repeated output filter": (
        lambda made: made.output_filter.extend(["scores", "scores"]),
        INVALID,
        "duplicate output tensor alias: scores",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_gets_tf_servings_status_and_the_server_stays_up(predictions: Any, case: str) -> None:
    edit, code, message = WRONG[case]
    asked = request(history_inputs([Ask(["P001"])]))
    edit(asked)
    with pytest.raises(grpc.RpcError) as raised:
        predictions.Predict(asked, timeout=20)
    assert raised.value.code() is code
    assert message in raised.value.details()
    assert len(raised.value.details()) <= 1024
    assert predictions.Predict(request(history_inputs([Ask(["P001"])])), timeout=20).outputs


@pytest.mark.parametrize(("k", "expected"), [(0, 0), (-5, 0), (1000, 40)])
def test_k_of_nothing_and_of_a_thousand(predictions: Any, k: int, expected: int) -> None:
    response = predictions.Predict(request(filtered_inputs([Ask(["P001"], k=k)]), "filtered"), timeout=20)
    assert len(rows_of(answer(response))[0]) == expected


def test_an_unknown_product_has_no_similar_ones(predictions: Any) -> None:
    inputs = {"product_id": np.array([b"gone"], object), "k": np.array([3], np.int32)}
    response = predictions.Predict(request(inputs, "similar_products"), timeout=20)
    assert rows_of(answer(response)) == [[]]
    assert answer(response)["scores"].shape == (1, 3)


def test_a_damaged_example_is_refused(predictions: Any) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        predictions.Predict(request({"examples": np.array([b"\xff\xff"], object)}, "examples"), timeout=20)
    assert raised.value.code() is INVALID


def metadata_request(field: str = "signature_def") -> get_model_metadata_pb2.GetModelMetadataRequest:
    made = get_model_metadata_pb2.GetModelMetadataRequest()
    made.model_spec.name = "recommendation"
    made.metadata_field.append(field)
    return made


def test_metadata_describes_each_signature(predictions: Any) -> None:
    response = predictions.GetModelMetadata(metadata_request(), timeout=20)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    names = {
        "serving_default",
        "filtered",
        "examples",
        "similar_products",
        "bought_together",
        "complements",
        "evaluate",
        "embed",
        "explain",
    }
    assert names <= set(signatures.signature_def)
    filtered = signatures.signature_def["filtered"]
    shapes = {name: [size.size for size in info.tensor_shape.dim] for name, info in filtered.inputs.items()}
    assert shapes["history_ids"] == [-1, 8]
    assert shapes["exclude_ids"] == [-1, 100]
    assert shapes["k"] == shapes["include_bought"] == [-1]
    assert set(filtered.outputs) == {"product_ids", "scores", "titles", "pinned"}
    assert response.model_spec.version.value == 3


def test_other_metadata_is_refused(predictions: Any) -> None:
    with pytest.raises(grpc.RpcError, match="Metadata field other is not supported"):
        predictions.GetModelMetadata(metadata_request("other"), timeout=20)
    asked = metadata_request()
    del asked.metadata_field[:]
    with pytest.raises(grpc.RpcError, match="must specify at least one metadata_field"):
        predictions.GetModelMetadata(asked, timeout=20)


def test_model_status(channel: grpc.Channel) -> None:
    service = model_service_pb2_grpc.ModelServiceStub(channel)
    asked = get_model_status_pb2.GetModelStatusRequest()
    with pytest.raises(grpc.RpcError, match="Missing ModelSpec"):
        service.GetModelStatus(asked, timeout=20)
    asked.model_spec.name = "recommendation"
    asked.model_spec.version_label = "a label is ignored"
    statuses = service.GetModelStatus(asked, timeout=20).model_version_status
    assert [(status.version, status.state) for status in statuses] == [
        (3, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    ]
    assert statuses[0].status.error_code == 0
    asked.model_spec.version.value = 4
    with pytest.raises(grpc.RpcError, match="Could not find version 4 of model recommendation"):
        service.GetModelStatus(asked, timeout=20)
    asked.model_spec.Clear()
    asked.model_spec.name = "nope"
    with pytest.raises(grpc.RpcError, match="Could not find any versions of model nope"):
        service.GetModelStatus(asked, timeout=20)


def test_a_taken_port_is_refused(address: str) -> None:
    with pytest.raises(OSError, match="Cannot listen on"):
        GrpcServer(Calls(ModelStore(dict)), ServerSettings(port=int(address.rsplit(":", 1)[1])))
