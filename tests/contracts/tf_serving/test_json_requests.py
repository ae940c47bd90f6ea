"""What REST reads in JSON, as in json_tensor_test.cc; the model answers with what it was given."""

import math
import sys
from typing import Any

import numpy as np
import pytest

from tests.contracts.tf_serving.clients import RestClient

ECHO, HALF = "/v1/models/echo", "/v1/models/half_plus_two"

pytestmark = pytest.mark.mirrors("util/json_tensor_test.cc: JsontensorTest")


def echoed(rest: RestClient, signature: str, body: str) -> Any:
    """Sends a body that begins after its `signature_name`, and returns what comes back."""
    status, answer = rest.post(f"{ECHO}:predict", f'{{"signature_name": "{signature}", {body}')
    assert status == 200, answer
    (values,) = answer.values()
    return values


@pytest.mark.mirrors("SingleUnnamedTensor, SingleUnnamedTensorWithSignature")
def test_rows_of_one_input(rest: RestClient) -> None:
    assert echoed(rest, "ints", '"instances": [[1,2],[3,4],[5,6]]}') == [[1, 2], [3, 4], [5, 6]]
    assert echoed(rest, "ints", '"instances": [[1,2]]}') == [[1, 2]]


@pytest.mark.mirrors("DeeplyNestedMalformed")
def test_deep_nesting_is_refused(rest: RestClient) -> None:
    body = '{"signature_name":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert rest.post(f"{ECHO}:predict", body)[0] == 400


@pytest.mark.mirrors("MixedInputForFloatTensor, MixedInputForDoubleTensor")
@pytest.mark.parametrize(
    ("signature", "text"),
    [("floats", "[1, 2.0, 3, 4, 5.003, 0.007, 0.0]"), ("doubles", "[1.0, 2, 3, 4, 0.662, 0, 0.0]")],
)
def test_whole_numbers_among_decimals(rest: RestClient, signature: str, text: str) -> None:
    assert echoed(rest, signature, f'"instances": {text}}}') == [float(part) for part in text.strip("[]").split(",")]


@pytest.mark.mirrors("FloatTensorWithPrecisionLoss")
def test_a_number_that_a_float_cannot_hold_is_rounded(rest: RestClient) -> None:
    for text in ("1435774380", "1435774380.0"):
        value = echoed(rest, "floats", f'"instances": [{text}]}}')[0]
        assert np.float32(value) == np.float32(1435774380)


@pytest.mark.mirrors("FloatTensorThatExceedsMaxReturnsInf, FloatTensorThatExceedsMinReturnsZero")
def test_numbers_beyond_a_floats_range(rest: RestClient) -> None:
    large, small = sys.float_info.max, sys.float_info.min
    values = echoed(rest, "floats", f'"instances": [{large}, -{large}, {small}, -{small}]}}')
    assert values[:2] == [math.inf, -math.inf]
    assert [abs(value) for value in values[2:]] == [0.0, 0.0]


@pytest.mark.mirrors("TensorFromNonNullTerminatedBuffer: reading stops where the document ends")
def test_what_follows_the_document_is_ignored(rest: RestClient) -> None:
    assert echoed(rest, "ints", '"instances": [[1,2],[3,4],[5,6]]}X') == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.mirrors("SingleUnnamedTensorBase64Scalars, SingleUnnamedTensorBase64Lists, SingleNamedTensorBase64")
@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ('[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]', ["hello", "world"]),
        ('[[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]', [["hello"], ["world"]]),
        ('[{"default": [[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]}]', [[["hello"], ["world"]]]),
        ('["plain", {"b64": "aGVsbG8"}]', ["plain", "hello"]),
    ],
)
def test_base64(rest: RestClient, instances: str, expected: Any) -> None:
    assert echoed(rest, "strings", f'"instances": {instances}}}') == expected


@pytest.mark.mirrors("MultipleNamedTensor")
def test_rows_of_several_inputs(rest: RestClient) -> None:
    rows = echoed(
        rest,
        "rows",
        """"instances": [
          {"int_tensor": [[1,2],[3,4],[5,6]], "str_tensor": ["foo", "bar"], "float_tensor": [1.0, NaN],
           "dbl_tensor": [NaN]},
          {"int_tensor": [[7,8],[9,0],[1,2]], "str_tensor": ["baz", "bat"], "float_tensor": [2.0, Infinity],
           "dbl_tensor": [2.0]}]}""",
    )
    assert [row["int_tensor"] for row in rows] == [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]]
    assert [row["str_tensor"] for row in rows] == [["foo", "bar"], ["baz", "bat"]]
    assert rows[0]["float_tensor"][0] == 1.0
    assert math.isnan(rows[0]["float_tensor"][1])
    assert math.isnan(rows[0]["dbl_tensor"][0])
    assert rows[1]["float_tensor"] == [2.0, math.inf]
    assert rows[1]["dbl_tensor"] == [2.0]


@pytest.mark.mirrors("SingleUnnamedTensorColumnarFormat")
@pytest.mark.parametrize("inputs", ['{"default": [[[1,2],[3,4],[5,6]]]}', "[[[1,2],[3,4],[5,6]]]"])
def test_a_column_of_one_input(rest: RestClient, inputs: str) -> None:
    assert echoed(rest, "ints", f'"inputs": {inputs}}}') == [[[1, 2], [3, 4], [5, 6]]]


@pytest.mark.mirrors("MultipleNamedTensorColumnarFormat; other keys are ignored, as FillTensorMapFromInputsMap does")
def test_columns_of_several_inputs(rest: RestClient) -> None:
    columns = '{"int_tensor": [[[1,2]]], "str_tensor": ["foo", "bar"], "bin_tensor": {"b64": "aGVsbG8="}, "more": 1}'
    assert echoed(rest, "columns", f'"inputs": {columns}}}') == {
        "int_tensor": [[[1, 2]]],
        "str_tensor": ["foo", "bar"],
        "bin_tensor": "hello",
    }


REFUSED = {
    "ints": [
        ('"instances": [[1,2],[3,4],[5,6,7]], "inputs": [[1,2]]}', "Not formatted correctly"),
        ('"instances": [[1,2],[3,4],[5,6,7]]}', "Expecting tensor size: 2 but got: 3"),
        ('"instances": [[1,2],[3,4],[[5,6]]]}', "Expecting shape [2] but got: [1,2]"),
        ('"instances": [1, [1]]}', "Expecting shape [] but got: [1]"),
        ('"instances": [[1,2],["a", "b"]]}', 'JSON Value: "a" Type: String is not of expected type: int32'),
        ('"instances": [1.0]}', "Type: Number is not of expected type: int32"),
        ('"instances": [2147483648]}', "is not of expected type: int32"),
        ('"instances": [true]}', "Type: True is not of expected type: int32"),
        ('"instances": [null]}', "Type: Null is not of expected type: int32"),
        ('"instances": []}', "No values in 'instances' array"),
        ('"instances": 1}', "Expecting 'instances' to be an list/array"),
        ('"inputs": [[1,2],[3]]}', "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
        ('"inputs": [1,[2]]}', "Encountered list at unexpected level: 1 expected < 1"),
        ('"inputs": [[1],2]}', "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ('"other": 1}', "Missing 'inputs' or 'instances' key"),
    ],
    "bools": [('"instances": [1]}', "Type: Number is not of expected type: bool")],
    "longs": [('"instances": [9223372036854775808]}', "is not of expected type: int64")],
    "pair": [
        (
            '"instances": [{"int_tensor": 1, "str_tensor": "a"}, {"int_tensor": [1], "str_tensor": "b"}]}',
            "element: 1 key: int_tensor of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]",
        ),
        (
            '"instances": [{"int_tensor": [1,2], "str_tensor": ["a"]}, {"int_tensor": [1], "str_tensor": ["b"]}]}',
            "Expecting tensor size: 2 but got: 1",
        ),
        ('"instances": [{"int_tensor": [1], "str_tensor": ["a"]}, [1]]}', "Expecting object but got list at item 1"),
        ('"instances": [{"int_tensor": 1}]}', "keys must be equal to: int_tensor,str_tensor"),
        ('"instances": [{"int_tensor": 1, "str_tensor": "a", "x": 1}]}', "does not have named input: x"),
        ('"instances": [1]}', "instances is a plain list, but expecting list of objects"),
        ('"inputs": [1]}', "inputs is a plain value/list, but expecting an object"),
        ('"inputs": {"int_tensor": 1}}', "Missing named input: str_tensor in 'inputs' object."),
    ],
    "strings": [
        ('"instances": [["a"], {"default": ["b"]}]}', "Expecting value/list but got object at item 1 of input list"),
        ('"instances": [[{"b64": 5}]]}', "not formatted correctly for base64 data"),
        ('"instances": [{"b64": "*"}]}', "Unable to base64 decode"),
        ('"instances": [1]}', "JSON Value: 1 Type: Number is not of expected type: string"),
    ],
}


@pytest.mark.mirrors("SingleUnnamedTensorErrors, MultipleNamedTensorErrors; other messages of json_tensor.cc")
@pytest.mark.parametrize(
    ("signature", "body", "message"), [(name, *case) for name, cases in REFUSED.items() for case in cases]
)
def test_inputs_that_do_not_fit(rest: RestClient, signature: str, body: str, message: str) -> None:
    status, answer = rest.post(f"{ECHO}:predict", f'{{"signature_name": "{signature}", {body}')
    assert status == 400
    assert message in answer["error"]


@pytest.mark.mirrors("ClassifyRegressRequestTest: RequestNoContext, RequestWithContextAndSignature")
def test_examples(rest: RestClient) -> None:
    def regressed(body: str) -> Any:
        return rest.post(f"{HALF}:regress", f'{{"signature_name": "regress_x_to_y", {body}}}')

    more = '"names": ["foo", {"b64": "aGVsbG8="}], "age": 20, "mixed": [1, true, false], "none": []'
    assert regressed(f'"examples": [{{"x": 8.0, {more}}}, {{"x": [6.0]}}]') == (200, {"results": [6.0, 5.0]})
    assert regressed('"context": {"x": 2.0}, "examples": [{"query": "pizza"}]') == (200, {"results": [3.0]})
    assert regressed('"examples": [{"x": Infinity}]') == (200, {"results": [math.inf]})


@pytest.mark.mirrors("ClassifyRegressRequestTest: JsonErrors")
@pytest.mark.parametrize("method", ["classify", "regress"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"signature_name": ["hello"], "examples": [{"names": ["foo"]}]}', "'signature_name' key must be a string"),
        ('{"context": [{"names": ["foo", "bar"]}]}', "Example must be JSON object"),
        ('{"examples": {"names": ["foo", "bar"]}}', "list/array"),
        ('{"examples": [[{"names": ["foo", "bar"]}]]}', "Example must be JSON object"),
        ('{"examples": [{"names": [10, null]}]}', "names has element with unexpected JSON type: Null"),
        ('{"examples": [{"names": [10, 10.0]}]}', "feature: names expecting type: int64"),
        ('{"examples": [{"names": [10, {"test": 10}]}]}', "names has element with unexpected JSON type: Object"),
        ('{"examples": [{"names": [[10], 20]}]}', "names has element with unexpected JSON type: Array"),
        ('{"examples": [{"names": [20, 18446744073709551603]}]}', "Only int64_t is supported"),
        ('{"examples": []}', "'examples' value is an empty array"),
        ("{}", "key 'examples' is expected and was not found"),
        ("[1]", "Is not object"),
    ],
)
def test_examples_that_are_refused(rest: RestClient, method: str, body: str, message: str) -> None:
    status, answer = rest.post(f"{HALF}:{method}", body)
    assert status == 400
    assert message in answer["error"]
