"""Predict by gRPC, as in predict_util_test.cc."""

import grpc
import numpy as np
import pytest

from tests.contracts.tf_serving.clients import SECONDS, GrpcClient, outputs, predict_request, refused

MODEL = "half_plus_two"
INVALID = grpc.StatusCode.INVALID_ARGUMENT

pytestmark = pytest.mark.mirrors("servables/tensorflow/predict_util_test.cc: PredictImplTest")


@pytest.mark.mirrors("MissingOrEmptyModelSpec")
def test_missing_or_empty_model_spec(client: GrpcClient) -> None:
    request = predict_request(MODEL, {})
    request.ClearField("model_spec")
    with refused(INVALID, "Missing ModelSpec"):
        client.predictions.Predict(request, timeout=SECONDS)
    request.model_spec.SetInParent()
    with refused(INVALID, "ModelSpec has no name specified."):
        client.predictions.Predict(request, timeout=SECONDS)


@pytest.mark.mirrors("EmptyInputList")
def test_empty_input_list(client: GrpcClient) -> None:
    with refused(INVALID, "Missing but required: {x}"):
        client.predict(MODEL, {}, version=123)


@pytest.mark.mirrors("InputTensorsDontMatchModelSpecInputs")
def test_inputs_of_other_names(client: GrpcClient) -> None:
    inputs = {"unknown_key1": np.array([b"any_value"], object), "unknown_key2": np.array([1.0], np.float32)}
    with refused(INVALID, "Sent extra: {unknown_key1,unknown_key2}. Missing but required: {x}."):
        client.predict(MODEL, inputs, version=123)


@pytest.mark.mirrors("PredictionInvalidTensor")
def test_a_bool_for_a_float(client: GrpcClient) -> None:
    with refused(INVALID, "Expects arg[0] to be float but bool is provided"):
        client.predict(MODEL, {"x": np.array(True)}, version=123)


@pytest.mark.mirrors("OutputFiltersDontMatchModelSpecOutputs")
def test_output_filters(client: GrpcClient) -> None:
    with refused(INVALID, "output tensor alias not found in signature: output_filter"):
        client.predict(MODEL, {"x": 2.0}, output_filter=("output_filter",))
    assert outputs(client.predict(MODEL, {"x": 2.0}, output_filter=("y",))) == {"y": 3.0}
    with refused(INVALID, "duplicate output tensor alias: y"):
        client.predict(MODEL, {"x": 2.0}, output_filter=("y", "y"))


@pytest.mark.mirrors("InputTensorsHaveWrongType")
def test_a_string_for_a_float(client: GrpcClient) -> None:
    with refused(INVALID, "to be float but string is provided"):
        client.predict(MODEL, {"x": np.array([b"any_value"], object)}, output_filter=("y",))


@pytest.mark.mirrors("PredictionSuccess")
def test_prediction(client: GrpcClient) -> None:
    response = client.predict(MODEL, {"x": 2.0}, version=123)
    assert response.model_spec.name == MODEL
    assert response.model_spec.version.value == 123
    assert response.model_spec.signature_name == "serving_default"
    assert list(response.outputs) == ["y"]
    # A scalar goes in although a matrix is stated; the values are in the field of their type.
    assert list(response.outputs["y"].float_val) == [3.0]
    assert not response.outputs["y"].tensor_shape.dim
    assert not response.outputs["y"].tensor_content


@pytest.mark.mirrors("PredictionWithNamedRegressionSignature, PredictionWithNamedClassificationSignature")
@pytest.mark.parametrize(("signature", "output"), [("regress_x2_to_y3", "outputs"), ("classify_x2_to_y3", "scores")])
def test_signatures_of_other_methods(client: GrpcClient, signature: str, output: str) -> None:
    response = client.predict(MODEL, {"inputs": 2.0}, signature)
    assert outputs(response) == {output: 4.0}
    assert response.model_spec.signature_name == signature


@pytest.mark.mirrors("PredictionWithCustomizedSignatures")
def test_signatures_without_inputs(client: GrpcClient) -> None:
    def count(signature: str, **options: tuple[str, ...]) -> float:
        value: float = outputs(client.predict("counter", {}, signature, **options))["output"]
        return value

    count("reset_counter")
    assert count("get_counter") == 0.0
    assert count("incr_counter") == 1.0
    assert count("reset_counter") == 0.0
    assert count("incr_counter", output_filter=("output",)) == 1.0
    assert outputs(client.predict("counter", {"delta": 3.0}, "incr_counter_by")) == {"output": 4.0}


@pytest.mark.mirrors(
    "MethodNameCheck: methods are not checked unless asked for; and the unknown signature of RunPredict"
)
def test_an_unknown_signature(client: GrpcClient) -> None:
    with refused(grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "nope" not found.'):
        client.predict(MODEL, {"x": 2.0}, "nope")
