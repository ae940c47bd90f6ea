"""GetModelStatus and GetModelMetadata, as in get_model_status_impl_test.cc and get_model_metadata_impl_test.cc."""

import grpc
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from tests.contracts.tf_serving.clients import SECONDS, GrpcClient, refused

MODEL = "half_plus_two_2_versions"
AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND

pytestmark = pytest.mark.mirrors("model_servers/get_model_status_impl_test.cc: GetModelStatusImplTest")


def status(client: GrpcClient, name: str = MODEL, version: int | None = None) -> list[tuple[int, int, int, str]]:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    response = client.models.GetModelStatus(request, timeout=SECONDS)
    return [
        (made.version, made.state, made.status.error_code, made.status.error_message)
        for made in response.model_version_status
    ]


@pytest.mark.mirrors("MissingOrEmptyModelSpecFailure")
def test_a_missing_spec(client: GrpcClient) -> None:
    with refused(INVALID, "Missing ModelSpec"):
        client.models.GetModelStatus(get_model_status_pb2.GetModelStatusRequest(), timeout=SECONDS)


@pytest.mark.mirrors("InvalidModelNameFailure")
def test_an_unknown_model(client: GrpcClient) -> None:
    with refused(NOT_FOUND, "Could not find any versions of model nope"):
        status(client, "nope")


@pytest.mark.mirrors("InvalidModelVersionFailure")
def test_an_unknown_version(client: GrpcClient) -> None:
    with refused(NOT_FOUND, f"Could not find version 9 of model {MODEL}"):
        status(client, version=9)


@pytest.mark.mirrors("AllVersionsSuccess")
def test_all_versions(client: GrpcClient) -> None:
    assert status(client) == [(124, AVAILABLE, 0, ""), (123, AVAILABLE, 0, "")]


@pytest.mark.mirrors("SingleVersionSuccess")
def test_one_version(client: GrpcClient) -> None:
    assert status(client, version=123) == [(123, AVAILABLE, 0, "")]


def metadata_request(*fields: str, name: str = MODEL) -> get_model_metadata_pb2.GetModelMetadataRequest:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    if name:
        request.model_spec.name = name
    return request


@pytest.mark.mirrors("get_model_metadata_impl_test.cc: EmptyOrInvalidMetadataFieldList")
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((), "GetModelMetadataRequest must specify at least one metadata_field"),
        (("some_stuff",), "Metadata field some_stuff is not supported"),
        (("signature_def", "some_stuff"), "Metadata field some_stuff is not supported"),
    ],
)
def test_metadata_fields(client: GrpcClient, fields: tuple[str, ...], message: str) -> None:
    with refused(INVALID, message):
        client.predictions.GetModelMetadata(metadata_request(*fields), timeout=SECONDS)


@pytest.mark.mirrors("get_model_metadata_impl_test.cc: MissingOrEmptyModelSpec")
def test_metadata_without_a_model(client: GrpcClient) -> None:
    with refused(INVALID, "Missing ModelSpec"):
        client.predictions.GetModelMetadata(metadata_request("signature_def", name=""), timeout=SECONDS)
    with refused(NOT_FOUND):
        client.predictions.GetModelMetadata(metadata_request("signature_def", name="nope"), timeout=SECONDS)


@pytest.mark.mirrors("get_model_metadata_impl_test.cc: ReturnsSignaturesForValidModel")
def test_metadata_of_a_model(client: GrpcClient) -> None:
    response = client.predictions.GetModelMetadata(metadata_request("signature_def"), timeout=SECONDS)
    assert response.model_spec.version.value == 124
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    methods = {name: made.method_name.rsplit("/")[-1] for name, made in signatures.signature_def.items()}
    assert methods == {
        "serving_default": "predict",
        "regress_x_to_y": "regress",
        "regress_x_to_y2": "regress",
        "regress_x2_to_y3": "regress",
        "classify_x_to_y": "classify",
        "classify_x2_to_y3": "classify",
    }
    assert signatures.signature_def["serving_default"].inputs["x"].name == "x:0"
