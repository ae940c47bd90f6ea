"""What REST writes as JSON, as in json_tensor_test.cc; the model answers with what it was given."""

from typing import Any

import pytest

from tests.contracts.tf_serving.clients import RestClient

ECHO, CLASSES = "/v1/models/echo", "/v1/models/classes"
GRID = [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]]

pytestmark = pytest.mark.mirrors("util/json_tensor_test.cc: JsontensorTest")


def predicted(rest: RestClient, signature: str, **given: Any) -> tuple[int, Any]:
    return rest.post(f"{ECHO}:predict", {"signature_name": signature, **given})


@pytest.mark.mirrors("FromJsonSingleTensor, FromJsonSingleScalarTensor")
@pytest.mark.parametrize("values", [GRID, [1, 2, 3, 4, 5]])
def test_one_output(rest: RestClient, values: Any) -> None:
    assert predicted(rest, "ints", instances=values) == (200, {"predictions": values})
    assert predicted(rest, "ints", inputs=values) == (200, {"outputs": values})


@pytest.mark.mirrors("FromJsonSingleBytesTensor")
def test_an_output_whose_name_says_bytes(rest: RestClient) -> None:
    expected = [[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}], [{"b64": "dGY="}, {"b64": "c2VydmluZw=="}]]
    given = [["hello", "world"], ["tf", "serving"]]
    assert predicted(rest, "bytes", instances=given) == (200, {"predictions": expected})


@pytest.mark.mirrors("FromJsonSingleFloatTensorSixDigitPrecision, FromJsonSingleFloatTensorNonFinite, as texts")
@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("9000000", "9e+06"),
        ("999999", "999999.0"),
        ("0.50000", "0.5"),
        (".0003".replace(".", "0."), "0.0003"),
        ("0.00003", "3e-05"),
        ("555557.5", "555557.5"),
        ("0.2", "0.2"),
        ("1435774380", "1.43577434e+09"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("3", "3.0"),
    ],
)
def test_how_a_float_is_written(rest: RestClient, given: str, written: str) -> None:
    body = f'{{"signature_name": "floats", "instances": [{given}]}}'
    text = rest.text("POST", f"{ECHO}:predict", body).text
    assert "".join(text.split()) == f'{{"predictions":[{written}]}}'


@pytest.mark.mirrors("FromJsonSingleTensorErrors, FromJsonMultipleNamedTensorsErrors")
@pytest.mark.parametrize(
    ("signature", "instances", "message"),
    [
        ("complex", [1.0], "Failed to write JSON value for tensor type: complex64"),
        ("scalar", [1], "Tensor name: tensor has no shape information"),
        ("unequal", [1, 2], "has inconsistent batch size: 1 expecting: 2"),
    ],
)
def test_outputs_that_rows_cannot_hold(rest: RestClient, signature: str, instances: list[Any], message: str) -> None:
    status, answer = predicted(rest, signature, instances=instances)
    assert status == 400
    assert message in answer["error"]


@pytest.mark.mirrors("MakeColumnarFormatJsonFromTensors: columns may have no rows, or unequally many")
def test_outputs_that_columns_hold(rest: RestClient) -> None:
    assert predicted(rest, "scalar", inputs=[1, 2]) == (200, {"outputs": 3})
    assert predicted(rest, "unequal", inputs=[1, 2]) == (200, {"outputs": {"int_tensor": [1, 2], "one_less": [2]}})


@pytest.mark.mirrors("FromJsonMultipleNamedTensors")
def test_several_outputs(rest: RestClient) -> None:
    rows = [
        {"int_tensor": GRID[0], "str_tensor": ["foo", "bar"], "float_tensor": [1.0], "dbl_tensor": 8.0},
        {"int_tensor": GRID[1], "str_tensor": ["baz", "bat"], "float_tensor": [2.0], "dbl_tensor": 9.0},
    ]
    assert predicted(rest, "rows", instances=rows) == (200, {"predictions": rows})
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert predicted(rest, "rows", inputs=columns) == (200, {"outputs": columns})


@pytest.mark.mirrors(
    "FromJsonSingleZeroBatchTensor, FromJsonMultipleZeroBatchTensors: in columns, as rows cannot ask it"
)
def test_no_rows(rest: RestClient) -> None:
    assert predicted(rest, "ints", inputs=[]) == (200, {"outputs": []})
    nothing: dict[str, list[Any]] = {"int_tensor": [], "str_tensor": []}
    assert predicted(rest, "pair", inputs=nothing) == (200, {"outputs": nothing})


@pytest.mark.mirrors("JsonFromClassificationResult")
def test_classes(rest: RestClient) -> None:
    status, answer = rest.post(f"{CLASSES}:classify", {"examples": [{"x": 0.5}, {"x": 0.2}]})
    assert status == 200
    assert answer == {
        "results": [
            [["car", 0.5], ["bike", 1.0], ["bus", 2.0]],
            [["car", 0.2], ["bike", 0.4], ["bus", 0.8]],
        ]
    }


@pytest.mark.mirrors("JsonFromRegressionResult, JsonFromRegressionResultWithNonFinite")
def test_numbers(rest: RestClient) -> None:
    examples = (
        '{"signature_name": "regress_not_finite", "examples": [{"x": 1.0}, {"x": 0.0}, {"x": Infinity}, {"x": -1.0}]}'
    )
    text = rest.text("POST", f"{CLASSES}:regress", examples).text
    assert "".join(text.split()) == '{"results":[0.0,-Infinity,Infinity,NaN]}'


@pytest.mark.mirrors("JsonFromResultErrors: no examples are refused before there is a result; StatusError: quotes")
def test_an_error_is_an_object_of_one_key(rest: RestClient) -> None:
    status, answer = rest.post(f"{ECHO}:predict", {"signature_name": 'a "name"', "instances": [1]})
    assert status == 400
    assert list(answer) == ["error"]
    assert '"a "name""' in answer["error"]


@pytest.mark.mirrors("AddSingleValueAndAdvance: every dtype")
@pytest.mark.parametrize(
    ("signature", "values"),
    [
        ("bools", [True, False]),
        ("longs", [-(2**63), 2**63 - 1]),
        ("strings", ["", 'é店\n"\\\u0001']),
        ("doubles", [0.1, 1e300]),
    ],
)
def test_other_dtypes(rest: RestClient, signature: str, values: list[Any]) -> None:
    assert predicted(rest, signature, instances=values) == (200, {"predictions": values})
