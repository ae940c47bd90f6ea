"""Whole conversations by gRPC and REST, as in tensorflow_model_server_test.py."""

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_management_pb2

from tests.contracts.tf_serving.clients import SECONDS, GrpcClient, RestClient, outputs, refused

pytestmark = pytest.mark.mirrors("model_servers/tensorflow_model_server_test.py: TensorflowModelServerTest")


@pytest.mark.mirrors("testGetModelStatus")
def test_model_status(client: GrpcClient) -> None:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    statuses = client.models.GetModelStatus(request, timeout=SECONDS).model_version_status
    assert [(status.version, status.status.error_code) for status in statuses] == [(123, 0)]


@pytest.mark.mirrors("testGetModelMetadata")
def test_model_metadata(client: GrpcClient) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half_plus_two"
    response = client.predictions.GetModelMetadata(request, timeout=SECONDS)
    assert response.model_spec.name == "half_plus_two"
    assert response.model_spec.version.value == 123
    assert list(response.metadata) == ["signature_def"]


@pytest.mark.mirrors("testPredictSavedModel, testGoodModelConfig")
@pytest.mark.parametrize(("model", "expected"), [("half_plus_two", 3.0), ("half_plus_three", 4.0)])
@pytest.mark.parametrize("output_filter", [(), ("y",)])
def test_models_of_a_configuration(
    client: GrpcClient, model: str, expected: float, output_filter: tuple[str, ...]
) -> None:
    response = client.predict(model, {"x": 2.0}, output_filter=output_filter)
    assert outputs(response) == {"y": expected}
    # half_plus_two is pinned to 123; of half_plus_three the latest is served.
    assert response.model_spec.version.value == (123 if model == "half_plus_two" else 124)


@pytest.mark.mirrors("test_sequential_keras_saved_model_save: a batch of one")
def test_a_batch(client: GrpcClient) -> None:
    assert outputs(client.predict("half_plus_two", {"x": np.array([[2.0], [4.0]], np.float32)})) == {
        "y": [[3.0], [4.0]]
    }


@pytest.mark.mirrors("test_tf_saved_model_save_multiple_signatures")
def test_several_signatures(client: GrpcClient) -> None:
    whole = np.array([7], np.int32)
    assert outputs(client.predict("echo", {"default": whole}, "ints")) == {"default": [7]}
    assert outputs(client.predict("echo", {"default": whole}, "scalar")) == {"tensor": 7}


@pytest.mark.mirrors("_TestBadModel: a model that is not served")
def test_a_model_that_is_not_served(client: GrpcClient) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(nope)"):
        client.predict("nope", {"x": 2.0})
    with refused(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(half_plus_two, 124)"):
        client.predict("half_plus_two", {"x": 2.0}, version=124)


@pytest.mark.mirrors("testClassifyREST")
def test_classify_by_rest(rest: RestClient) -> None:
    answer = rest.post(
        "/v1/models/half_plus_two:classify", {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}
    )
    assert answer == (200, {"results": [[["", 3.0]]]})


@pytest.mark.mirrors("testRegressREST")
def test_regress_by_rest(rest: RestClient) -> None:
    answer = rest.post(
        "/v1/models/half_plus_two:regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}]}
    )
    assert answer == (200, {"results": [3.0]})


@pytest.mark.mirrors("testPredictREST, testPredictColumnarREST")
@pytest.mark.parametrize(("given", "answered"), [("instances", "predictions"), ("inputs", "outputs")])
def test_predict_by_rest(rest: RestClient, given: str, answered: str) -> None:
    answer = rest.post("/v1/models/half_plus_two:predict", {given: [2.0, 3.0, 4.0]})
    assert answer == (200, {answered: [3.0, 3.5, 4.0]})


@pytest.mark.mirrors("testPrometheusEndpoint")
def test_metrics(rest: RestClient) -> None:
    assert rest.post("/v1/models/half_plus_two:predict", {"instances": [2.0]})[0] == 200
    page = rest.text("GET", "/monitoring/prometheus/metrics").text
    assert "# TYPE" in page
    assert ':tensorflow:serving:request_count{model_name="half_plus_two",status="OK"}' in page


@pytest.mark.mirrors("model_service_impl.cc: HandleReloadConfigRequest without a list of models")
def test_a_reload_without_models(client: GrpcClient) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "Only ModelConfigList is currently supported"):
        client.models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest(), timeout=SECONDS)


@pytest.mark.mirrors("server_core_test.cc: DuplicateModelNameInConfig, UnknownModelPlatform, RelativePathFails")
@pytest.mark.parametrize(
    ("names", "path", "platform", "message"),
    [
        (("m", "m"), "/m", "tensorflow", "Illegal to list model m multiple times in config list"),
        (("m",), "/m", "not_tensorflow", "platform"),
        (("m",), "relative", "tensorflow", "Expected model m to have an absolute path or URI"),
    ],
)
def test_reloads_that_change_nothing(
    client: GrpcClient, names: tuple[str, ...], path: str, platform: str, message: str
) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    for name in names:
        request.config.model_config_list.config.add(name=name, base_path=path, model_platform=platform)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, message):
        client.models.HandleReloadConfigRequest(request, timeout=SECONDS)
    assert outputs(client.predict("half_plus_two", {"x": 2.0})) == {"y": 3.0}


@pytest.mark.mirrors("server_core_test.cc: AssignLabelToUnavailableVersion")
def test_an_unknown_label(client: GrpcClient) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half_plus_two"
    request.model_spec.version_label = "nope"
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "Unrecognized servable version label: nope"):
        client.predictions.GetModelMetadata(request, timeout=SECONDS)
