"""REST's paths, methods and bodies, as in http_rest_api_handler_test.cc and http_rest_api_util_test.cc."""

import gzip
from typing import Any

import pytest

from tests.contracts.tf_serving.clients import RestClient

MODEL = "/v1/models/half_plus_two"
# Characters that mean something in a path, as a name may hold them.
RESERVED = "%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D"
RESERVED_TEXT = "!#$%&'()*+,/:;=?@[]"
STATUS_OK = {
    "model_version_status": [
        {"version": "123", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
}

pytestmark = pytest.mark.mirrors("model_servers/http_rest_api_handler_test.cc: HttpRestApiHandlerTest")


@pytest.mark.mirrors("kPathRegex")
@pytest.mark.parametrize("path", ["/statuspage", "/index", "/"])
def test_other_paths_are_not_found(rest: RestClient, path: str) -> None:
    assert rest.text("GET", path).status_code == 404


@pytest.mark.mirrors("UnsupportedApiCalls; http_rest_api_util_test.cc: failure cases")
@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v1/foo", "Malformed request: GET /v1/foo"),
        ("POST", "/v1/foo", "Malformed request: POST /v1/foo"),
        ("GET", "/v1/models", "Missing model name"),
        ("GET", "/v1/models/debug/model_name", "Malformed request"),
        ("POST", "/v1/models", "Malformed request"),
        ("GET", "/v1/models/foo:predict", "Malformed request"),
        ("GET", "/v1/models/foo/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/foo/version/50:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/HELLO:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/18446744073709551615:regress", "Failed to convert version"),
        ("POST", "/v1/models/foo/metadata", "Malformed request"),
        ("POST", "/v1/models/foo/label/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/50/labels/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo:other", "Malformed request"),
        ("PUT", "/v1/models/foo:predict", "Malformed request"),
        ("POST", f"{MODEL}:predict?x=1", f"Malformed request: POST {MODEL}:predict?x=1"),
    ],
)
def test_unsupported_calls(rest: RestClient, method: str, path: str, message: str) -> None:
    response = rest.text(method, path)
    assert response.status_code == 400
    assert message in response.json()["error"]


@pytest.mark.mirrors("http_rest_api_util_test.cc: reserved characters in models and labels, for GET and POST")
def test_reserved_characters_are_decoded(rest: RestClient) -> None:
    status, body = rest.get(f"/v1/models/name{RESERVED}")
    assert (status, body["error"]) == (404, f"Could not find any versions of model name{RESERVED_TEXT}")
    status, body = rest.post(f"/v1/models/name{RESERVED}/versions/99:predict", {"instances": [1]})
    assert (status, body["error"]) == (404, f"Servable not found for request: Specific(name{RESERVED_TEXT}, 99)")
    status, body = rest.post(f"{MODEL}/labels/latest{RESERVED}:predict", {"instances": [1]})
    assert (status, body["error"]) == (400, f"Unrecognized servable version label: latest{RESERVED_TEXT}")
    assert rest.get(f"{MODEL}/labels/latest{RESERVED}/metadata")[0] == 400


@pytest.mark.mirrors("PredictModelNameVersionErrors")
@pytest.mark.parametrize("path", ["/v1/models/foo:predict", "/v1/models/foo/versions/50:predict", f"{MODEL}99:predict"])
def test_unknown_models(rest: RestClient, path: str) -> None:
    status, body = rest.post(path, {"instances": [1]})
    assert status == 404
    assert body["error"].startswith("Servable not found for request: ")


@pytest.mark.mirrors("PredictRequestErrors")
@pytest.mark.parametrize(
    ("choice", "body", "message"),
    [
        ("", "", "JSON Parse error: The document is empty"),
        ("", "instances = [1, 2]", "JSON Parse error: Invalid value"),
        ("", '{"instances": ["x", "y"]}', "not of expected type: float"),
        ("/labels/Version_Nonexistent", '{"instances": ["x", "y"]}', "Unrecognized servable version label"),
        ("", '{"signature_name": 100}', "'signature_name' key must be a string value."),
        ("", '{"signature_name": "nope", "instances": [1]}', 'Serving signature name: "nope" not found'),
    ],
)
def test_bodies_that_are_refused(rest: RestClient, choice: str, body: str, message: str) -> None:
    status, answer = rest.post(f"{MODEL}{choice}:predict", body)
    assert status == 400
    assert message in answer["error"]


@pytest.mark.mirrors("Predict")
@pytest.mark.parametrize(
    ("choice", "body", "expected"),
    [
        ("", {"instances": [[1.0, 2.0], [3.0, 4.0]]}, {"predictions": [[2.5, 3.0], [3.5, 4.0]]}),
        ("/versions/123", {"instances": [1.0, 2.0]}, {"predictions": [2.5, 3.0]}),
        ("/labels/Version_Label", {"instances": [1.0, 2.0]}, {"predictions": [2.5, 3.0]}),
        (
            "/versions/123",
            {"signature_name": "serving_default", "instances": [3.0, 4.0]},
            {"predictions": [3.5, 4.0]},
        ),
        ("/versions/123", {"signature_name": "serving_default", "inputs": [3.0, 4.0]}, {"outputs": [3.5, 4.0]}),
    ],
)
def test_predict(rest: RestClient, choice: str, body: dict[str, Any], expected: dict[str, Any]) -> None:
    assert rest.post(f"{MODEL}{choice}:predict", body) == (200, expected)


@pytest.mark.mirrors("util/net_http/server/internal/evhttp_request_test.cc: ValidGzipPost")
def test_gzip(rest: RestClient) -> None:
    body = gzip.compress(b'{"instances": [1.0, 2.0]}')
    response = rest.text("POST", f"{MODEL}:predict", body, headers={"Content-Encoding": "gzip"})
    assert (response.status_code, response.json()) == (200, {"predictions": [2.5, 3.0]})


@pytest.mark.mirrors("Regress")
@pytest.mark.parametrize("choice", ["", "/versions/123", "/labels/Version_Label"])
def test_regress(rest: RestClient, choice: str) -> None:
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}
    assert rest.post(f"{MODEL}{choice}:regress", body) == (200, {"results": [42.0]})


@pytest.mark.mirrors("Classify")
@pytest.mark.parametrize(("choice", "x", "expected"), [("", 20.0, 12.0), ("/labels/Version_Label", 10.0, 7.0)])
def test_classify(rest: RestClient, choice: str, x: float, expected: float) -> None:
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": x}]}
    assert rest.post(f"{MODEL}{choice}:classify", body) == (200, {"results": [[["", expected]]]})


@pytest.mark.mirrors("GetStatus; tensorflow_model_server_test.py: testGetStatusREST")
@pytest.mark.parametrize("choice", ["", "/versions/123", "/labels/Version_Label"])
def test_status(rest: RestClient, choice: str) -> None:
    assert rest.get(f"{MODEL}{choice}") == (200, STATUS_OK)


@pytest.mark.mirrors("the regular expressions of http_rest_api_util.cc ignore case")
def test_paths_in_capitals(rest: RestClient) -> None:
    assert rest.get("/V1/MODELS/half_plus_two") == (200, STATUS_OK)
    assert rest.post("/v1/Models/half_plus_two:PREDICT", {"instances": [2.0]}) == (200, {"predictions": [3.0]})


def tensor(name: str, dtype: str, *sizes: int) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in sizes]
    return {"name": name, "dtype": dtype, "tensor_shape": {"dim": dimensions, "unknown_rank": False}}


def signature(method: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": inputs, "outputs": outputs, "method_name": f"tensorflow/serving/{method}", "defaults": {}}


@pytest.mark.mirrors("GetModelMetadata; tensorflow_model_server_test.py: testGetModelMetadataREST")
@pytest.mark.parametrize("choice", ["", "/versions/123", "/labels/Version_Label"])
def test_metadata(rest: RestClient, choice: str) -> None:
    examples = tensor("tf_example:0", "DT_STRING", -1)
    x, x2 = tensor("x:0", "DT_FLOAT", -1, 1), tensor("x2:0", "DT_FLOAT", -1, 1)
    y, y2, y3 = (tensor(f"{name}:0", "DT_FLOAT", -1, 1) for name in ("y", "y2", "y3"))
    signatures = {
        "serving_default": signature("predict", {"x": x}, {"y": y}),
        "regress_x_to_y": signature("regress", {"inputs": examples}, {"outputs": y}),
        "regress_x_to_y2": signature("regress", {"inputs": examples}, {"outputs": y2}),
        "regress_x2_to_y3": signature("regress", {"inputs": x2}, {"outputs": y3}),
        "classify_x_to_y": signature("classify", {"inputs": examples}, {"scores": y}),
        "classify_x2_to_y3": signature("classify", {"inputs": x2}, {"scores": y3}),
    }
    assert rest.get(f"{MODEL}{choice}/metadata") == (
        200,
        {
            "model_spec": {"name": "half_plus_two", "signature_name": "", "version": "123"},
            "metadata": {"signature_def": {"signature_def": signatures}},
        },
    )
